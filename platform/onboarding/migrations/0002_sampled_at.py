"""That samples were put in is remembered after they are out again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """A column that may be empty. Shops with samples in are told by the samples themselves."""

    dependencies = [("onboarding", "0001_initial")]

    operations = [
        migrations.AddField(model_name="checklist", name="sampled_at", field=models.DateTimeField(null=True)),
    ]
