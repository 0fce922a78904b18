"""When events last had a sync run, so that the next one they start is not too soon after it."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0017_confirmed_addresses'),
    ]

    operations = [
        migrations.AddField(
            model_name='syncschedule',
            name='events_synced_at',
            field=models.DateTimeField(null=True),
        ),
    ]
