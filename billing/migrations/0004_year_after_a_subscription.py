from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_returns")]

    operations = [
        migrations.AddField(
            model_name="checkout",
            name="after_subscription_id",
            field=models.CharField(db_default="", default="", max_length=255),
        ),
    ]
