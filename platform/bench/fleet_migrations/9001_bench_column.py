"""One column and one index, as pure SQL."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("kernel", "0002_usage")]

    operations = [
        migrations.AddField("outboxevent", "bench_note", models.TextField(null=True)),
        migrations.AddIndex("outboxevent", models.Index(fields=["bench_note"], name="outbox_bench_note")),
    ]
