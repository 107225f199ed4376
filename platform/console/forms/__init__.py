"""Forms of the console: what people type, parsed; whether it makes sense is the services' business."""
