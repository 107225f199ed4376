"""Leaves the process's number in every shop."""

import os
from typing import Any

from django.db import migrations


def leave_number(apps: Any, editor: Any) -> None:
    event = apps.get_model("kernel", "OutboxEvent")
    event.objects.using(editor.connection.alias).create(
        topic="test.code", payload={}, last_error=str(os.getpid()), delivered_at="2026-01-01T00:00:00Z"
    )


class Migration(migrations.Migration):
    dependencies = [("kernel", "0002_usage")]

    operations = [migrations.RunPython(leave_number, migrations.RunPython.noop)]
