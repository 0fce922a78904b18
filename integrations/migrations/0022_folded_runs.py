"""One record may stand for several runs that changed nothing."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('integrations', '0021_keys_with_tenant')]

    operations = [
        migrations.AddField('syncrun', 'folded_runs', models.PositiveIntegerField(null=True)),
        migrations.AddField('syncrun', 'folded_since', models.DateTimeField(null=True)),
    ]
