"""A person's second factors, sessions and addresses are nobody else's within a tenant, nor is what they sign in with."""

from django.db import migrations

from workspaces.isolation import isolate_own, isolate_users

# Sessions themselves (django_session) name no person: they are found by a key that only the browser has.
TABLES = ("account_emailaddress", "mfa_authenticator", "usersessions_usersession")


class Migration(migrations.Migration):
    dependencies = [
        ("workspaces", "0007_people_who_go"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("usersessions", "0001_initial"),
    ]

    operations = [*(isolate_own(table) for table in TABLES), isolate_users()]
