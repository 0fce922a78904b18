"""What AWS says of an account beside its name and state: the address of its root user, and when it joined."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('connections', '0010_keys_with_tenant'),
    ]

    operations = [
        migrations.AddField(
            model_name='connection',
            name='email',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name='connection',
            name='joined_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
