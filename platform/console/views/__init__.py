"""Views of the console, one module a noun."""
