"""A run that failed says whether other settings of access may mend it; those before do not say so."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0027_waiting_work")]

    operations = [
        migrations.AddField(
            "syncrun",
            "is_about_access",
            models.BooleanField(default=False, db_default=False),
        ),
    ]
