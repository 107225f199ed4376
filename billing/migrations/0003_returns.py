from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_prepaid_begins_at")]

    operations = [
        migrations.AddField(
            model_name="checkout",
            name="payment_intent_id",
            field=models.CharField(db_default="", default="", max_length=255),
        ),
        migrations.AddField(
            model_name="checkout",
            name="returned_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="paymentevent",
            name="payment_intent_id",
            field=models.CharField(db_default="", default="", max_length=255),
        ),
    ]
