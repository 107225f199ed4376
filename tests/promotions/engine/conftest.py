"""The engine is pure: its tests need no database and no Django."""

from hypothesis import settings

settings.register_profile("engine", deadline=None, max_examples=60, derandomize=True)
settings.load_profile("engine")
