"""Runs are counted for each integration: their ids count those of all tenants, and would tell how many there are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0029_words_of_runs")]

    operations = [
        migrations.AddField("syncrun", "number", models.IntegerField(db_default=0, editable=False)),
    ]
