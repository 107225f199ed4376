from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_returns")]

    operations = [
        migrations.AddField(
            model_name="checkout",
            name="after_subscription_id",
            field=models.CharField(db_default="", default="", max_length=255),
        ),
        migrations.AddField(
            model_name="checkout",
            name="credit_minor",
            field=models.PositiveBigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="checkout",
            name="awaited_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="checkout",
            name="doubtful_minor",
            field=models.PositiveBigIntegerField(db_default=0, default=0),
        ),
    ]
