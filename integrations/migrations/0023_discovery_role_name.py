from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0022_erased_people"),
    ]

    operations = [
        migrations.AddField(
            model_name=model,
            name="discovery_role_name",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        )
        for model in ("draft", "integration", "settingstrial")
    ]
