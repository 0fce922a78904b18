"""Who sent an invitation, and how a person's data is erased from what cannot be changed otherwise."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Once a person is marked as erased, the database itself takes them out of what names them; the application's role may not
# change audit events. Who did what when stays: the event keeps its person's id, and only texts about them are replaced.
ERASE = """
CREATE OR REPLACE FUNCTION refuse_to_change_audit_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('app.erasing', true) = 'on'
        AND (NEW.id, NEW.tenant_id, NEW.organization_id, NEW.workspace_id, NEW.actor_id, NEW.action)
            IS NOT DISTINCT FROM (OLD.id, OLD.tenant_id, OLD.organization_id, OLD.workspace_id, OLD.actor_id, OLD.action)
        AND (NEW.object_kind, NEW.object_id, NEW.happened_at)
            IS NOT DISTINCT FROM (OLD.object_kind, OLD.object_id, OLD.happened_at)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'Audit events are never changed.' USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION erase_person() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    address text;
    stand_in constant text := 'a former member';
BEGIN
    PERFORM set_config('app.erasing', 'on', true);
    FOR address IN
        SELECT OLD.email UNION SELECT email FROM account_emailaddress WHERE user_id = OLD.id
        UNION SELECT actor FROM workspaces_auditevent WHERE actor_id = OLD.id
        UNION SELECT invited_by FROM workspaces_invitation WHERE sender_id = OLD.id
    LOOP
        UPDATE workspaces_auditevent SET object_label = stand_in WHERE lower(object_label) = lower(address);
        UPDATE workspaces_auditevent
            SET details = replace(details::text, to_json(address)::text, to_json(stand_in)::text)::jsonb
            WHERE position(to_json(address)::text IN details::text) > 0;
        UPDATE workspaces_invitation SET email = NEW.email, withdrawn_at = CASE
            WHEN accepted_at IS NULL THEN coalesce(withdrawn_at, now()) END WHERE email = lower(address);
        UPDATE workspaces_invitation SET invited_by = NEW.email WHERE invited_by = lower(address);
    END LOOP;
    UPDATE workspaces_auditevent SET actor = stand_in, remote_address = NULL WHERE actor_id = OLD.id;
    UPDATE workspaces_auditevent SET object_label = stand_in
        WHERE object_kind = 'user' AND object_id = OLD.id::text;
    -- Events about the account itself: addresses, browsers and places of sessions.
    UPDATE workspaces_auditevent
        SET details = CASE WHEN details ? 'by_operator' THEN '{"by_operator": true}'::jsonb ELSE '{}'::jsonb END
        WHERE object_kind = 'user' AND object_id = OLD.id::text AND action LIKE 'user.%';
    UPDATE django_admin_log SET object_repr = stand_in, change_message = ''
        WHERE object_id = OLD.id::text AND content_type_id IN
            (SELECT id FROM django_content_type WHERE app_label = 'workspaces' AND model = 'user');
    PERFORM set_config('app.erasing', '', true);
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION erase_person() FROM PUBLIC;
CREATE TRIGGER person_is_erased AFTER UPDATE OF erased_at ON workspaces_user FOR EACH ROW
    WHEN (OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL) EXECUTE FUNCTION erase_person();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('workspaces', '0006_stamped_audit_events'),
        ('account', '0009_emailaddress_unique_primary_email'),
        ('admin', '0003_logentry_add_action_flag_choices'),
    ]

    operations = [
        migrations.AddField(
            model_name='invitation',
            name='sender',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='user',
            name='erased_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name='membership',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to=settings.AUTH_USER_MODEL),
        ),
        migrations.RunSQL(ERASE, "DROP TRIGGER person_is_erased ON workspaces_user; DROP FUNCTION erase_person;"),
    ]
