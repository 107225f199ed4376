from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0005_credit")]

    operations = [
        migrations.AddField(
            model_name="checkout",
            name="awaited_until",
            field=models.DateTimeField(null=True),
        ),
    ]
