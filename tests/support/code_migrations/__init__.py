"""The migrations of `kernel` and one in Python, which cannot be replayed as SQL."""

from kernel import migrations

__path__ = [*__path__, *migrations.__path__]
