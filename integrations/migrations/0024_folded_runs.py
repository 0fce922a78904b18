"""One record may stand for several runs that changed nothing."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('integrations', '0023_discovery_role_name')]

    operations = [
        migrations.AddField('syncrun', 'folded_runs', models.PositiveIntegerField(null=True)),
        migrations.AddField('syncrun', 'folded_since', models.DateTimeField(null=True)),
    ]
