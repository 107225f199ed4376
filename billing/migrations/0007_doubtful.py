from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0006_awaited")]

    operations = [
        migrations.AddField(
            model_name="checkout",
            name="doubtful_minor",
            field=models.PositiveBigIntegerField(db_default=0, default=0),
        ),
    ]
