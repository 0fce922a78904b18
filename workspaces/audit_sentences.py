"""What the audit log says of actions on people and places; a test holds it to what is recorded here."""

from workspaces.audit import sentences

# Action → what the person did; {object} stands for its name, what follows may use the event's details.
SENTENCES = {
    "tenant.created": "created the tenant {object}",
    "tenant.changed": "changed the handle or name of the tenant {object}",
    "tenant.first_steps_hidden": "put away the first steps of the tenant {object}",
    "tenant.plan_changed": "changed the plan of the tenant {object} from {before} to {after}",
    "organization.created": "created the organization {object}",
    "organization.changed": "changed the handle or name of the organization {object}",
    "organization.first_steps_hidden": "put away the first steps of the organization {object}",
    "organization.deleted": "deleted the organization {object}",
    "workspace.created": "created the workspace {object}",
    "workspace.changed": "changed the handle or name of the workspace {object}",
    "workspace.deleted": "deleted the workspace {object}",
    "member.added": "added {object} as {role}",
    "member.role_changed": "changed the role of {object} from {before} to {after}",
    "member.removed": "removed {object}, who was {role}",
    "member.left": "left, having been {role}",
    "user.address_set": "gave {object} another email address",
    "user.second_factor_reset": "removed the second factor of {object}",
    "user.deactivated": "deactivated the account of {object}",
    "user.reactivated": "activated the account of {object} again",
    "support.began": "began to look into {object} for support",
    "support.page_opened": "looked at {page} for support",
    "support.ended": "ended the support access to {object}",
    "user.erased": "erased the data of {object}",
    "user.made_operator": "made {object} an operator of this installation",
    "user.operator_rights_removed": "took the rights of an operator of this installation from {object}",
    "user.signed_in": "signed in",
    "user.signed_out": "signed out",
    "user.sign_in_refused": "refused to sign in {object}: {why}",
    "user.proof_failed": "was asked to prove who they are, and failed",
    "user.address_added": "added the email address {address} to their account",
    "user.address_confirmed": "confirmed the email address {address}",
    "user.address_changed": "signs in with {after} instead of {before} now",
    "user.address_removed": "removed the email address {address} from their account",
    "user.password_changed": "changed their password",
    "user.password_set": "chose a password",
    "user.password_reset": "chose a new password through a link in an email",
    "user.second_factor_added": "turned on the authenticator app as second factor",
    "user.second_factor_removed": "turned off the authenticator app as second factor",
    "user.recovery_codes_made": "made new recovery codes",
    "user.recovery_codes_seen": "looked at their recovery codes",
    "user.recovery_code_used": "used a recovery code",
    "user.sessions_ended": "ended other sessions of their account",
    "audit_log.exported": "took a copy of the audit log of {object}",
    "invitation.sent": "invited {object} as {role}",
    "invitation.accepted": "accepted the invitation of {object} and is {role}",
    "invitation.withdrawn": "withdrew the invitation of {object} as {role}",
}

# Kind of object → what people call it.
KINDS = {
    "tenant": "Tenant",
    "organization": "Organization",
    "workspace": "Workspace",
    "user": "Person",
    "invitation": "Invitation",
}

sentences.register(SENTENCES, KINDS)
