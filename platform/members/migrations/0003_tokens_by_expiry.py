"""Tokens that are over are found, to be deleted, without reading all. Why not concurrently: see `checkout.0005`."""

from django.db import migrations, models


class Migration(migrations.Migration):
    accepted = {"require-concurrent-index-creation": "repeated as a whole, and over in a fraction of a second"}

    dependencies = [("members", "0002_counted")]

    operations = [
        migrations.AddIndex("membertoken", models.Index(fields=["expires_at"], name="member_token_by_expiry")),
    ]
