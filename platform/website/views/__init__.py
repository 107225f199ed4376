"""Views of the public site: they parse, make one call, render."""
