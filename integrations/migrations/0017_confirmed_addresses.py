"""Typed addresses are asked for confirmation; those that are in use already stay valid."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0016_confirming'),
    ]

    operations = [
        migrations.AddField(
            model_name='emailnotifications',
            name='confirmed',
            field=models.JSONField(default=list),
        ),
        migrations.RunSQL(
            "UPDATE integrations_emailnotifications SET confirmed = addresses",
            migrations.RunSQL.noop,
        ),
        migrations.AlterField(
            model_name='delivery',
            name='event',
            field=models.CharField(choices=[('sync.changed', 'Changes'), ('sync.needs_approval', 'Needs approval'), ('sync.failing', 'Syncs fail'), ('sync.recovered', 'Syncs work again'), ('test', 'Test'), ('address.question', 'Confirmation')], max_length=30),
        ),
    ]
