"""Addresses of people whose data is erased leave the notifications too."""

from django.db import migrations

ERASE = """
CREATE FUNCTION erase_addresses() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE address text;
BEGIN
    FOR address IN SELECT OLD.email UNION SELECT email FROM account_emailaddress WHERE user_id = OLD.id LOOP
        UPDATE integrations_emailnotifications
            SET addresses = addresses - address, confirmed = confirmed - address, version = version + 1
            WHERE addresses ? address OR confirmed ? address;
        DELETE FROM integrations_deliverydue
            WHERE delivery_id IN (SELECT id FROM integrations_delivery WHERE email = address);
        DELETE FROM integrations_delivery WHERE email = address;
    END LOOP;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION erase_addresses() FROM PUBLIC;
CREATE TRIGGER addresses_are_erased AFTER UPDATE OF erased_at ON workspaces_user FOR EACH ROW
    WHEN (OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL) EXECUTE FUNCTION erase_addresses();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0021_keys_with_tenant"),
        ("workspaces", "0007_people_who_go"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]

    operations = [
        migrations.RunSQL(ERASE, "DROP TRIGGER addresses_are_erased ON workspaces_user; DROP FUNCTION erase_addresses;")
    ]
