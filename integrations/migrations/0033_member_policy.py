from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0032_numbers_of_runs"),
    ]

    operations = [
        migrations.AddField(
            model_name=model,
            name="member_policy",
            field=models.CharField(blank=True, db_default="", default="", max_length=700),
        )
        for model in ("draft", "integration", "settingstrial")
    ]
