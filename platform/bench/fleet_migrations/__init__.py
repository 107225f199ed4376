"""The migrations of `kernel` and one more, for measuring what a migration costs the fleet."""

from kernel import migrations

__path__ = [*__path__, *migrations.__path__]
