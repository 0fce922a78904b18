"""URLs of people and places."""

from django.urls import path

from workspaces.views import (
    activity,
    deletion,
    invitation,
    lists,
    members,
    people,
    recovery_codes,
    sessions,
    settings,
    shortcuts,
)
from workspaces.views.delegation import places as delegation_places
from workspaces.views.service_accounts import accounts
from workspaces.views.service_accounts import tokens as account_tokens
from workspaces.views.tokens import of_tenant, own

_TENANT = "tenants/<slug:tenant>/"
_ORGANIZATION = _TENANT + "orgs/<slug:organization>/"
_WORKSPACE = _ORGANIZATION + "workspaces/<slug:workspace>/"

# Mounted below each of the three under the same name; ``Scope.url`` takes the scope's own.
_AT_EVERY_LEVEL = (
    ("people/", members.member_list, "people"),
    ("people/add/", members.add, "person_add"),
    ("people/leave/", members.leave, "people_leave"),
    ("people/delegates/", delegation_places.place_delegates, "place_delegates"),
    ("people/<int:member>/role/", members.change_role, "person_role"),
    ("people/<int:member>/remove/", members.remove, "person_remove"),
    ("people/invitations/<int:invitation>/send/", members.resend_invitation, "invitation_resend"),
    ("people/invitations/<int:invitation>/withdraw/", members.withdraw_invitation, "invitation_withdraw"),
    ("activity/", activity.audit_log, "audit_log"),
    ("activity/object/", activity.audit_object, "audit_object"),
    ("activity/audit-log.csv", activity.audit_log_csv, "audit_log_csv"),
)
_ACCOUNT = "people/service-accounts/<int:account>/"
_AT_TENANT_AND_ORGANIZATION = (
    ("people/service-accounts/", accounts.account_list, "service_accounts"),
    ("people/service-accounts/new/", accounts.create, "service_account_create"),
    (_ACCOUNT, accounts.detail, "service_account"),
    (_ACCOUNT + "delete/", accounts.delete, "service_account_delete"),
    (_ACCOUNT + "tokens/new/", account_tokens.create, "service_token_create"),
    (_ACCOUNT + "tokens/<int:service_token>/", account_tokens.change, "service_token"),
    (_ACCOUNT + "tokens/<int:service_token>/delete/", account_tokens.delete, "service_token_delete"),
)

urlpatterns = [
    path("", lists.home, name="home"),
    path("profile/", people.profile, name="profile"),
    path("profile/tokens/", own.token_list, name="token_list"),
    path("profile/tokens/new/", own.token_new, name="token_new"),
    path("profile/tokens/<int:own_token>/", own.token_change, name="token_change"),
    path("profile/tokens/<int:own_token>/delete/", own.token_delete, name="token_delete"),
    # Before the sign-in library's own.
    path("account/email/", people.email_addresses, name="account_email"),
    path("account/password/change/", people.change_password, name="account_change_password"),
    path("account/password/set/", people.set_password, name="account_set_password"),
    path("account/2fa/recovery-codes/", recovery_codes.show, name="mfa_view_recovery_codes"),
    path("account/2fa/recovery-codes/generate/", recovery_codes.make, name="mfa_generate_recovery_codes"),
    path("account/2fa/recovery-codes/download/", recovery_codes.download, name="mfa_download_recovery_codes"),
    path("account/sessions/", sessions.session_list, name="usersessions_list"),
    path("shortcuts/", shortcuts.shortcuts, name="shortcuts"),
    path("theme/", people.theme, name="theme"),
    path("invitations/<str:token>/", invitation.accept, name="invitation"),
    path("tenants/", lists.switch_tenant, name="switch_tenant"),
    path(_TENANT, lists.tenant_home, name="tenant_home"),
    path(_TENANT + "first-steps/hide/", lists.first_steps_hide, name="first_steps_hide"),
    path(_ORGANIZATION + "first-steps/hide/", lists.first_steps_hide, name="first_steps_hide"),
    path(_TENANT + "settings/", lists.tenant_settings, name="tenant_settings"),
    path(_TENANT + "advanced/", settings.advanced, name="tenant_advanced"),
    path(_TENANT + "people/support/<int:support_access>/end/", members.end_support, name="support_end"),
    path(_TENANT + "people/tokens/", of_tenant.tenant_tokens, name="tenant_tokens"),
    path(_TENANT + "people/tokens/reset/", of_tenant.tenant_tokens_reset, name="tenant_tokens_reset"),
    path(_TENANT + "people/tokens/<int:held_token>/end/", of_tenant.tenant_token_end, name="tenant_token_end"),
    path(_TENANT + "orgs/", lists.switch_organization, name="switch_organization"),
    path(_TENANT + "orgs/new/", settings.organization_create, name="organization_create"),
    path(_ORGANIZATION, lists.organization_home, name="organization_home"),
    path(_ORGANIZATION + "advanced/", settings.advanced, name="organization_advanced"),
    path(_ORGANIZATION + "delete/", deletion.organization_delete, name="organization_delete"),
    path(_ORGANIZATION + "workspaces/", lists.switch_workspace, name="switch_workspace"),
    path(_ORGANIZATION + "workspaces/new/", settings.workspace_create, name="workspace_create"),
    path(_WORKSPACE, settings.workspace_home, name="workspace_home"),
    path(_WORKSPACE + "advanced/", settings.workspace_advanced, name="workspace_advanced"),
    path(_WORKSPACE + "delete/", deletion.workspace_delete, name="workspace_delete"),
    *(
        path(place + route, view, name=name)
        for place in (_TENANT, _ORGANIZATION, _WORKSPACE)
        for route, view, name in _AT_EVERY_LEVEL
    ),
    *(
        path(place + route, view, name=name)
        for place in (_TENANT, _ORGANIZATION)
        for route, view, name in _AT_TENANT_AND_ORGANIZATION
    ),
]
