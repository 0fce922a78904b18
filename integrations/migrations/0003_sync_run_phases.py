"""The phases of a sync run as they are, and no handle prefix that makes handles invalid."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0002_walls")]

    operations = [
        migrations.AlterField(
            model_name="syncrun",
            name="phase",
            field=models.CharField(
                blank=True,
                choices=[
                    ("checking", "Checking access"),
                    ("reading", "Reading the AWS organization"),
                    ("comparing", "Updating the tree"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="integration",
            constraint=models.CheckConstraint(
                condition=models.Q(("handle_prefix__regex", "^([a-z][a-z0-9_]*)?$")),
                name="integration_prefix_wellformed",
            ),
        ),
    ]
