"""What a revoked grant takes is marked and kept for the days of grace, so that it can come back."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connections", "0008_folder_of_own_scope")]

    operations = [
        migrations.AddField(
            model_name="schema", name="lost_at", field=models.DateTimeField(editable=False, null=True)
        ),
        migrations.AddField(
            model_name="schema", name="returned_at", field=models.DateTimeField(editable=False, null=True)
        ),
    ]
