"""A key for mails that are to be sent once."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Mails queued by the former version have no key."""

    dependencies = [("messaging", "0001_initial")]

    operations = [
        migrations.AddField("email", "key", models.CharField(max_length=200, null=True)),
        migrations.AddConstraint("email", models.UniqueConstraint(fields=["key"], name="email_key_once")),
    ]
