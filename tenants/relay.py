"""placeholder"""
Listener = object
