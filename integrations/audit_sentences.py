"""What the audit log says of actions on integrations; a test holds it to what is recorded here."""

from workspaces.audit import sentences

SENTENCES = {
    "draft.created": "began to set up an integration",
    "draft.discarded": "gave up setting up an integration",
    "draft.external_id_rotated": "rotated the {used_for} external id of an integration in the making",
    "access_test.requested": "ran a test of the {kind} settings of {object}",
    "folder.handle_changed": "changed the handle of the folder {object}",
    "folder.options_changed": "changed the options of the folder {object}",
    "connection.handle_changed": "changed the handle of the connection {object}",
    "connection.options_changed": "changed the options of the connection {object}",
    "integration.created": "created the integration {object}",
    "integration.handle_changed": "changed the handle of the integration {object}",
    "integration.schedule_changed": "changed the schedule of the integration {object}",
    "integration.deletion_limit_changed": "changed the deletion limit of the integration {object}",
    "integration.external_id_rotated": "rotated the {used_for} external id of the integration {object}",
    "integration.connection_settings_changed": "changed the connection settings of the integration {object}",
    "integration.settings_tried": "tried new discovery settings for the integration {object}",
    "integration.settings_discarded": "discarded the new discovery settings of the integration {object}",
    "integration.discovery_settings_changed": "changed the discovery settings of the integration {object}",
    "integration.selection_begun": "began to choose which accounts the integration {object} mirrors",
    "integration.selection_discarded": "left the accounts that the integration {object} mirrors as they were",
    "integration.selection_changed": "changed which accounts the integration {object} mirrors",
    "integration.events_enabled": "let AWS send events about the integration {object}",
    "integration.events_key_rotated": "rotated the key with which AWS sends events about the integration {object}",
    "integration.events_disabled": "let AWS send no more events about the integration {object}",
    "integration.sync_requested": "started a sync of the integration {object}",
    "integration.sync_previewed": "looked at what a sync of the integration {object} would change",
    "integration.health_test_requested": "had {connections} failing connections of the integration {object} tested",
    "integration.removals_approved": "approved {removals} removals by a sync of the integration {object}",
    "integration.removals_discarded": "discarded the removals that a sync of the integration {object} asked about",
    "integration.deleted": "deleted the integration {object}",
    "integration.deletion_retried": "tried again to delete the integration {object}",
    "integration.emails_changed": "changed who gets emails about the integration {object}",
    "integration.address_asked": "asked {address} again whether it wants emails about the integration {object}",
    "integration.address_confirmed": "was told by {address} that it wants emails about the integration {object}",
    "integration.address_stopped": "was told by {address} that it wants no more emails about the integration {object}",
    "integration.notification_tested": "sent a test notification of the integration {object}",
    "integration.notification_sent_again": "sent a notification of the integration {object} again",
    "webhook.created": "created the webhook {object}",
    "webhook.changed": "changed the webhook {object}",
    "webhook.secret_rotated": "rotated the secret of the webhook {object}",
    "webhook.former_secret_ended": "ended the old secret of the webhook {object}",
    "webhook.switched_off": "switched off the webhook {object}",
    "webhook.deleted": "deleted the webhook {object}",
    "connection.access_changed": "changed how the connection {object} signs in to its account",
    "connection.external_id_rotated": "rotated the external id of the connection {object}",
    "connection.external_id_replaced": "began to use the new external id of the connection {object}",
}

KINDS = {
    "draft": "Integration draft",
    "integration": "Integration",
    "webhook": "Webhook",
}

sentences.register(SENTENCES, KINDS)
