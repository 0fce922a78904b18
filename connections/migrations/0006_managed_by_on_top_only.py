"""Only the top folder of a mirror names its integration, also where the root is NULL."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connections", "0005_unconfigured")]

    operations = [
        migrations.RemoveConstraint(model_name="folder", name="folder_managed_by_on_top_only"),
        migrations.AddConstraint(
            model_name="folder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("managed_by", ""),
                    models.Q(("root", models.F("id")), ("root__isnull", False)),
                    _connector="OR",
                ),
                name="folder_managed_by_on_top_only",
            ),
        ),
    ]
