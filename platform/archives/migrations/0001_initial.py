"""The job and the pieces of its file."""

from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Archive',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('writing', 'Writing'), ('ready', 'Ready'), ('failed', 'Failed')], max_length=10)),
                ('run', models.PositiveIntegerField(default=1)),
                ('asked_by', models.CharField(max_length=254)),
                ('asked_at', models.DateTimeField()),
                ('beat_at', models.DateTimeField()),
                ('done', models.BigIntegerField(default=0)),
                ('total', models.BigIntegerField(default=0)),
                ('size', models.BigIntegerField(default=0)),
                ('rows', models.BigIntegerField(default=0)),
                ('expires_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='archive_is_one'), models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'writing', 'ready', 'failed'])), name='archive_state_known'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'ready'), _negated=True), ('expires_at__isnull', False), _connector='OR'), name='archive_ready_expires')],
            },
        ),
        migrations.CreateModel(
            name='Piece',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('run', models.PositiveIntegerField()),
                ('number', models.PositiveIntegerField()),
                ('data', models.BinaryField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('run', 'number'), name='archive_piece_once')],
            },
        ),
    ]
