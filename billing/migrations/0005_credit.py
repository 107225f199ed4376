from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0004_year_after_a_subscription")]

    operations = [
        migrations.AddField(
            model_name="checkout",
            name="credit_minor",
            field=models.PositiveBigIntegerField(db_default=0, default=0),
        ),
    ]
