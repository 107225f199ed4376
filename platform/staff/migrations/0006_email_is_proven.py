from django.db import migrations, models


class Migration(migrations.Migration):
    """Everybody who has an account already counts as proven."""

    dependencies = [
        ('staff', '0005_operators_links'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='email_is_proven',
            field=models.BooleanField(db_default=True, default=True),
        ),
    ]
