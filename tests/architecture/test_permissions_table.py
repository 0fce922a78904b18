"""Who may open what: every URL, every person, and the status that each of them gets."""

from dataclasses import dataclass

import pytest
from django.conf import settings as project
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.test import Client
from pytest_django.fixtures import Settings

from tests.architecture.everything import LEVELS, Everything, all_urls
from tests.architecture.headers import wrong_with
from tests.conftest import PEOPLE, Cast
from workspaces.access import Scope

pytestmark = pytest.mark.neutral

# Rows: name and level of a URL, method, and the status for each of PEOPLE and last for somebody who is not signed in.
# The method is GET, and an (empty) POST where GET is not answered, or where more may look than may change.
# In short: tenant owner and member, org owner and member, workspace owner, operator, reader; stranger, nobody.
TABLE = """
healthz                         -         GET  200 200 200 200 200 200 200 200 200
readyz                          -         GET  200 200 200 200 200 200 200 200 200
metrics                         -         GET  404 404 404 404 404 404 404 404 404
installation                    -         GET  404 404 404 404 404 404 404 404 302
security_txt                    -         GET  404 404 404 404 404 404 404 404 404
home                            -         GET  302 302 302 302 302 302 302 302 302
search_anywhere                 -         GET  200 200 200 200 200 200 200 200 302
profile                         -         GET  200 200 200 200 200 200 200 200 302
token_list                      -         GET  200 200 200 200 200 200 200 200 302
token_new                       -         GET  302 302 302 302 302 302 302 302 302
token_change                    -         GET  200 404 404 404 404 404 404 404 302
token_delete                    -         GET  200 404 404 404 404 404 404 404 302
account_email                   -         GET  200 200 200 200 200 200 200 200 302
account_change_password         -         GET  302 302 302 302 302 302 302 302 302
account_set_password            -         GET  302 302 302 302 302 302 302 302 302
mfa_view_recovery_codes         -         GET  404 404 404 404 404 404 404 404 302
mfa_generate_recovery_codes     -         GET  302 302 302 302 302 302 302 302 302
mfa_download_recovery_codes     -         GET  404 404 404 404 404 404 404 404 302
usersessions_list               -         GET  200 200 200 200 200 200 200 200 302
shortcuts                       -         GET  200 200 200 200 200 200 200 200 302
docs                            -         GET  200 200 200 200 200 200 200 200 200
docs_page                       -         GET  200 200 200 200 200 200 200 200 200
docs_section                    -         GET  200 200 200 200 200 200 200 200 200
theme                           -         POST 302 302 302 302 302 302 302 302 302
invitation                      -         GET  200 200 200 200 200 200 200 200 200
email_confirm                   -         GET  200 200 200 200 200 200 200 200 200
email_stop                      -         GET  200 200 200 200 200 200 200 200 200
setup_file                      -         GET  200 200 200 200 200 200 200 200 200
event_inlet                     -         POST 404 404 404 404 404 404 404 404 404
switch_tenant                   -         GET  200 200 200 200 200 200 200 200 302
first_steps_hide                tenant    POST 302 403 403 403 403 403 403 404 302
tenant_home                     tenant    GET  200 200 200 200 200 200 200 404 302
search                          tenant    GET  200 200 200 200 200 200 200 404 302
tenant_settings                 tenant    GET  200 403 403 403 403 403 403 404 302
tenant_advanced                 tenant    GET  200 403 403 403 403 403 403 404 302
switch_organization             tenant    GET  200 200 200 200 200 200 200 404 302
organization_create             tenant    GET  200 403 403 403 403 403 403 404 302
support_end                     tenant    POST 302 403 403 403 403 403 403 404 302
people                          tenant    GET  200 403 403 403 403 403 403 404 302
service_accounts                tenant    GET  200 403 403 403 403 403 403 404 302
service_account_create          tenant    GET  200 403 403 403 403 403 403 404 302
service_account                 tenant    GET  200 403 403 403 403 403 403 404 302
service_account_delete          tenant    GET  200 403 403 403 403 403 403 404 302
service_token_create            tenant    GET  302 403 403 403 403 403 403 404 302
service_token                   tenant    GET  200 403 403 403 403 403 403 404 302
service_token_delete            tenant    GET  200 403 403 403 403 403 403 404 302
tenant_tokens                   tenant    GET  200 403 403 403 403 403 403 404 302
tenant_tokens_reset             tenant    GET  200 403 403 403 403 403 403 404 302
tenant_token_end                tenant    GET  200 403 403 403 403 403 403 404 302
person_add                      tenant    GET  200 403 403 403 403 403 403 404 302
place_delegates                 tenant    GET  200 403 403 403 403 403 403 404 302
people_leave                    tenant    GET  200 200 200 200 200 200 200 404 302
person_role                     tenant    POST 302 403 403 403 403 403 403 404 302
person_remove                   tenant    GET  200 403 403 403 403 403 403 404 302
invitation_resend               tenant    POST 302 403 403 403 403 403 403 404 302
invitation_withdraw             tenant    POST 302 403 403 403 403 403 403 404 302
audit_log                       tenant    GET  200 403 403 403 403 403 403 404 302
audit_object                    tenant    GET  302 403 403 403 403 403 403 404 302
audit_log_csv                   tenant    GET  200 403 403 403 403 403 403 404 302
folder_handle                   tenant    GET  200 403 403 403 403 403 403 404 302
folder_config                   tenant    GET  200 403 403 403 403 403 403 404 302
connection_handle               tenant    GET  200 403 403 403 403 403 403 404 302
connection_config               tenant    GET  200 403 403 403 403 403 403 404 302
connection_test                 tenant    POST 302 403 403 403 403 403 403 404 302
connection_create               tenant    GET  200 403 403 403 403 403 403 404 302
connection_access               tenant    GET  200 403 403 403 403 403 403 404 302
access_save                     tenant    POST 200 403 403 403 403 403 403 404 302
access_options                  tenant    POST 200 403 403 403 403 403 403 404 302
access_rotate                   tenant    GET  200 403 403 403 403 403 403 404 302
access_rotate                   tenant    POST 302 403 403 403 403 403 403 404 302
process_list                    tenant    GET  200 403 403 403 403 403 403 404 302
integration_new                 tenant    GET  200 403 403 403 403 403 403 404 302
integration_draft_cancel        tenant    GET  200 403 403 403 403 403 403 404 302
integration_draft_download      tenant    GET  200 403 403 403 403 403 403 404 302
integration_draft               tenant    GET  200 403 403 403 403 403 403 404 302
integration_list                tenant    GET  200 403 403 403 403 403 403 404 302
integration_detail              tenant    GET  200 403 403 403 403 403 403 404 302
integration_config              tenant    GET  200 403 403 403 403 403 403 404 302
integration_discovery_settings  tenant    POST 200 403 403 403 403 403 403 404 302
integration_connection_settings tenant    POST 200 403 403 403 403 403 403 404 302
integration_download            tenant    GET  200 403 403 403 403 403 403 404 302
integration_rotate              tenant    GET  200 403 403 403 403 403 403 404 302
integration_trial               tenant    GET  200 403 403 403 403 403 403 404 302
integration_preview             tenant    GET  302 403 403 403 403 403 403 404 302
integration_picture             tenant    GET  200 403 403 403 403 403 403 404 302
integration_folder              tenant    GET  302 403 403 403 403 403 403 404 302
integration_selection           tenant    GET  302 403 403 403 403 403 403 404 302
integration_advanced            tenant    GET  200 403 403 403 403 403 403 404 302
integration_schedule            tenant    POST 200 403 403 403 403 403 403 404 302
integration_limit               tenant    POST 200 403 403 403 403 403 403 404 302
integration_delegates           tenant    GET  200 403 403 403 403 403 403 404 302
integration_notifications       tenant    GET  200 403 403 403 403 403 403 404 302
notifications_test              tenant    POST 302 403 403 403 403 403 403 404 302
address_ask                     tenant    POST 302 403 403 403 403 403 403 404 302
delivery_send                   tenant    POST 302 403 403 403 403 403 403 404 302
webhook_create                  tenant    GET  200 403 403 403 403 403 403 404 302
webhook_detail                  tenant    GET  200 403 403 403 403 403 403 404 302
webhook_rotate                  tenant    GET  200 403 403 403 403 403 403 404 302
webhook_end_former              tenant    GET  200 403 403 403 403 403 403 404 302
webhook_delete                  tenant    GET  200 403 403 403 403 403 403 404 302
webhook_test                    tenant    POST 302 403 403 403 403 403 403 404 302
integration_inlet               tenant    GET  200 403 403 403 403 403 403 404 302
integration_inlet               tenant    POST 302 403 403 403 403 403 403 404 302
integration_inlet_rotate        tenant    GET  200 403 403 403 403 403 403 404 302
integration_inlet_close         tenant    POST 302 403 403 403 403 403 403 404 302
integration_inlet_template      tenant    GET  200 403 403 403 403 403 403 404 302
integration_delete              tenant    GET  200 403 403 403 403 403 403 404 302
integration_removed             tenant    GET  200 403 403 403 403 403 403 404 302
integration_sync                tenant    POST 302 403 403 403 403 403 403 404 302
failing_test                    tenant    POST 302 403 403 403 403 403 403 404 302
run_list                        tenant    GET  200 403 403 403 403 403 403 404 302
run_detail                      tenant    GET  200 403 403 403 403 403 403 404 302
folder_create                   tenant    GET  200 403 403 403 403 403 403 404 302
folder_advanced                 tenant    GET  200 403 403 403 403 403 403 404 302
folder_delete                   tenant    GET  200 403 403 403 403 403 403 404 302
connection_advanced             tenant    GET  200 403 403 403 403 403 403 404 302
connection_delete               tenant    GET  200 403 403 403 403 403 403 404 302
connection_list                 tenant    GET  200 403 403 403 403 403 403 404 302
many_permissions                tenant    POST 302 403 403 403 403 403 403 404 302
many_schema                     tenant    POST 302 403 403 403 403 403 403 404 302
many_options                    tenant    POST 302 403 403 403 403 403 403 404 302
many_test                       tenant    POST 302 403 403 403 403 403 403 404 302
node_export                     tenant    GET  200 403 403 403 403 403 403 404 302
folder_detail                   tenant    GET  200 403 403 403 403 403 403 404 302
folder_settings                 tenant    GET  200 403 403 403 403 403 403 404 302
folder_permissions              tenant    GET  200 403 403 403 403 403 403 404 302
folder_used_by                  tenant    GET  200 403 403 403 403 403 403 404 302
folder_delegates                tenant    GET  200 403 403 403 403 403 403 404 302
connection_permissions          tenant    GET  200 403 403 403 403 403 403 404 302
connection_used_by              tenant    GET  200 403 403 403 403 403 403 404 302
connection_delegates            tenant    GET  200 403 403 403 403 403 403 404 302
connection_detail               tenant    GET  200 403 403 403 403 403 403 404 302
first_steps_hide                org       POST 302 404 302 403 403 403 403 404 302
organization_home               org       GET  200 404 200 200 200 200 200 404 302
search                          org       GET  200 404 200 200 200 200 200 404 302
organization_advanced           org       GET  200 404 200 403 403 403 403 404 302
switch_workspace                org       GET  200 404 200 200 200 200 200 404 302
workspace_create                org       GET  200 404 200 403 403 403 403 404 302
people                          org       GET  200 404 200 200 200 200 200 404 302
service_accounts                org       GET  200 404 200 403 403 403 403 404 302
service_account_create          org       GET  200 404 200 403 403 403 403 404 302
service_account                 org       GET  200 404 200 403 403 403 403 404 302
service_account_delete          org       GET  200 404 200 403 403 403 403 404 302
service_token_create            org       GET  302 404 302 403 403 403 403 404 302
service_token                   org       GET  200 404 200 403 403 403 403 404 302
service_token_delete            org       GET  200 404 200 403 403 403 403 404 302
person_add                      org       GET  200 404 200 403 403 403 403 404 302
place_delegates                 org       GET  200 404 200 403 403 403 403 404 302
people_leave                    org       GET  404 404 200 200 200 200 200 404 302
person_role                     org       POST 302 404 302 403 403 403 403 404 302
person_remove                   org       GET  200 404 200 403 403 403 403 404 302
invitation_resend               org       POST 302 404 302 403 403 403 403 404 302
invitation_withdraw             org       POST 302 404 302 403 403 403 403 404 302
audit_log                       org       GET  200 404 200 403 403 403 403 404 302
audit_object                    org       GET  302 404 302 403 403 403 403 404 302
audit_log_csv                   org       GET  200 404 200 403 403 403 403 404 302
organization_delete             org       GET  200 404 200 403 403 403 403 404 302
folder_handle                   org       GET  200 404 200 403 403 403 403 404 302
folder_config                   org       GET  200 404 200 403 403 403 403 404 302
connection_handle               org       GET  200 404 200 403 403 403 403 404 302
connection_config               org       GET  200 404 200 403 403 403 403 404 302
connection_test                 org       POST 302 404 302 403 403 403 403 404 302
connection_create               org       GET  200 404 200 403 403 403 403 404 302
connection_access               org       GET  200 404 200 403 403 403 403 404 302
access_save                     org       POST 200 404 200 403 403 403 403 404 302
access_options                  org       POST 200 404 200 403 403 403 403 404 302
access_rotate                   org       GET  200 404 200 403 403 403 403 404 302
access_rotate                   org       POST 302 404 302 403 403 403 403 404 302
process_list                    org       GET  200 404 200 403 403 403 403 404 302
integration_new                 org       GET  200 404 200 403 403 403 403 404 302
integration_draft_cancel        org       GET  200 404 200 403 403 403 403 404 302
integration_draft_download      org       GET  200 404 200 403 403 403 403 404 302
integration_draft               org       GET  200 404 200 403 403 403 403 404 302
integration_list                org       GET  200 404 200 403 403 403 403 404 302
integration_detail              org       GET  200 404 200 403 403 403 403 404 302
integration_config              org       GET  200 404 200 403 403 403 403 404 302
integration_discovery_settings  org       POST 200 404 200 403 403 403 403 404 302
integration_connection_settings org       POST 200 404 200 403 403 403 403 404 302
integration_download            org       GET  200 404 200 403 403 403 403 404 302
integration_rotate              org       GET  200 404 200 403 403 403 403 404 302
integration_trial               org       GET  200 404 200 403 403 403 403 404 302
integration_preview             org       GET  302 404 302 403 403 403 403 404 302
integration_picture             org       GET  200 404 200 403 403 403 403 404 302
integration_folder              org       GET  302 404 302 403 403 403 403 404 302
integration_selection           org       GET  302 404 302 403 403 403 403 404 302
integration_advanced            org       GET  200 404 200 403 403 403 403 404 302
integration_schedule            org       POST 200 404 200 403 403 403 403 404 302
integration_limit               org       POST 200 404 200 403 403 403 403 404 302
integration_delegates           org       GET  200 404 200 403 403 403 403 404 302
integration_notifications       org       GET  200 404 200 403 403 403 403 404 302
notifications_test              org       POST 302 404 302 403 403 403 403 404 302
address_ask                     org       POST 302 404 302 403 403 403 403 404 302
delivery_send                   org       POST 302 404 302 403 403 403 403 404 302
webhook_create                  org       GET  200 404 200 403 403 403 403 404 302
webhook_detail                  org       GET  200 404 200 403 403 403 403 404 302
webhook_rotate                  org       GET  200 404 200 403 403 403 403 404 302
webhook_end_former              org       GET  200 404 200 403 403 403 403 404 302
webhook_delete                  org       GET  200 404 200 403 403 403 403 404 302
webhook_test                    org       POST 302 404 302 403 403 403 403 404 302
integration_inlet               org       GET  200 404 200 403 403 403 403 404 302
integration_inlet               org       POST 302 404 302 403 403 403 403 404 302
integration_inlet_rotate        org       GET  200 404 200 403 403 403 403 404 302
integration_inlet_close         org       POST 302 404 302 403 403 403 403 404 302
integration_inlet_template      org       GET  200 404 200 403 403 403 403 404 302
integration_delete              org       GET  200 404 200 403 403 403 403 404 302
integration_removed             org       GET  200 404 200 403 403 403 403 404 302
integration_sync                org       POST 302 404 302 403 403 403 403 404 302
failing_test                    org       POST 302 404 302 403 403 403 403 404 302
run_list                        org       GET  200 404 200 403 403 403 403 404 302
run_detail                      org       GET  200 404 200 403 403 403 403 404 302
folder_create                   org       GET  200 404 200 403 403 403 403 404 302
folder_advanced                 org       GET  200 404 200 403 403 403 403 404 302
folder_delete                   org       GET  200 404 200 403 403 403 403 404 302
connection_advanced             org       GET  200 404 200 403 403 403 403 404 302
connection_delete               org       GET  200 404 200 403 403 403 403 404 302
connection_list                 org       GET  200 404 200 403 403 403 403 404 302
many_permissions                org       POST 302 404 302 403 403 403 403 404 302
many_schema                     org       POST 302 404 302 403 403 403 403 404 302
many_options                    org       POST 302 404 302 403 403 403 403 404 302
many_test                       org       POST 302 404 302 403 403 403 403 404 302
node_export                     org       GET  200 404 200 403 403 403 403 404 302
folder_detail                   org       GET  200 404 200 403 403 403 403 404 302
folder_settings                 org       GET  200 404 200 403 403 403 403 404 302
folder_permissions              org       GET  200 404 200 403 403 403 403 404 302
folder_used_by                  org       GET  200 404 200 403 403 403 403 404 302
folder_delegates                org       GET  200 404 200 403 403 403 403 404 302
connection_permissions          org       GET  200 404 200 403 403 403 403 404 302
connection_used_by              org       GET  200 404 200 403 403 403 403 404 302
connection_delegates            org       GET  200 404 200 403 403 403 403 404 302
connection_detail               org       GET  200 404 200 403 403 403 403 404 302
workspace_home                  workspace GET  302 404 302 404 302 302 302 404 302
search                          workspace GET  200 404 200 404 200 200 200 404 302
workspace_advanced              workspace GET  200 404 200 404 200 200 200 404 302
workspace_advanced              workspace POST 200 404 200 404 200 403 403 404 302
people                          workspace GET  200 404 200 404 200 200 200 404 302
person_add                      workspace GET  200 404 200 404 200 403 403 404 302
place_delegates                 workspace GET  200 404 200 404 200 403 403 404 302
people_leave                    workspace GET  404 404 404 404 200 200 200 404 302
person_role                     workspace POST 302 404 302 404 302 403 403 404 302
person_remove                   workspace GET  200 404 200 404 200 403 403 404 302
invitation_resend               workspace POST 302 404 302 404 302 403 403 404 302
invitation_withdraw             workspace POST 302 404 302 404 302 403 403 404 302
audit_log                       workspace GET  200 404 200 404 200 403 403 404 302
audit_object                    workspace GET  302 404 302 404 302 403 403 404 302
audit_log_csv                   workspace GET  200 404 200 404 200 403 403 404 302
workspace_delete                workspace GET  200 404 200 404 200 403 403 404 302
connection_create               workspace GET  200 404 200 404 200 403 403 404 302
folder_config                   workspace GET  200 404 200 404 200 403 403 404 302
connection_access               workspace GET  200 404 200 404 200 403 403 404 302
access_save                     workspace POST 200 404 200 404 200 403 403 404 302
access_options                  workspace POST 200 404 200 404 200 403 403 404 302
access_rotate                   workspace GET  200 404 200 404 200 403 403 404 302
access_rotate                   workspace POST 302 404 302 404 302 403 403 404 302
folder_create                   workspace GET  200 404 200 404 200 403 403 404 302
folder_advanced                 workspace GET  200 404 200 404 200 403 403 404 302
folder_delete                   workspace GET  200 404 200 404 200 403 403 404 302
connection_advanced             workspace GET  200 404 200 404 200 403 403 404 302
connection_delete               workspace GET  200 404 200 404 200 403 403 404 302
connection_list                 workspace GET  200 404 200 404 200 200 200 404 302
many_schema                     workspace POST 302 404 302 404 302 403 403 404 302
node_export                     workspace GET  200 404 200 404 200 200 200 404 302
schema_list                     workspace GET  200 404 200 404 200 200 200 404 302
folder_detail                   workspace GET  200 404 200 404 200 200 200 404 302
folder_add                      workspace POST 302 404 302 404 302 403 403 404 302
folder_remove                   workspace POST 302 404 302 404 302 403 403 404 302
connection_detail               workspace GET  200 404 200 404 200 200 200 404 302
connection_add                  workspace POST 302 404 302 404 302 403 403 404 302
connection_remove               workspace POST 302 404 302 404 302 403 403 404 302
aggregator_list                 workspace GET  200 404 200 404 200 200 200 404 302
aggregator_create               workspace GET  200 404 200 404 200 403 403 404 302
aggregator_all_aws              workspace GET  200 404 200 404 200 200 200 404 302
aggregator_detail               workspace GET  200 404 200 404 200 200 200 404 302
aggregator_detail               workspace POST 200 404 200 404 200 403 403 404 302
aggregator_delete               workspace GET  200 404 200 404 200 403 403 404 302
search_path                     workspace GET  200 404 200 404 200 200 200 404 302
search_path                     workspace POST 302 404 302 404 302 403 403 404 302
"""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    level: str
    method: str
    statuses: tuple[str, ...]


ROWS = [Row(name, level, method, tuple(rest)) for name, level, method, *rest in map(str.split, TABLE.split("\n")[1:-1])]
URLS = all_urls()


@pytest.fixture
def everything(cast: Cast, settings: Settings) -> Everything:
    """One of all that a URL can name; what limits remember goes with the test."""
    settings.CACHES = settings.CACHES | {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    return Everything(cast)


def sign_in(cast: Cast, name: str) -> Client:
    client = Client()
    client.force_login(getattr(cast, name))
    return client


def ask(client: Client, method: str, url: str) -> HttpResponse:
    """Ask, and undo whatever that did."""
    with transaction.atomic():
        response: HttpResponse = client.generic(method, url)  # type: ignore[assignment]
        transaction.set_rollback(True)
    return response


def test_every_url_has_its_row() -> None:
    in_table = {(row.name, row.level) for row in ROWS}
    assert set(URLS) - in_table == set(), "Say in TABLE who may open this."
    assert in_table - set(URLS) == set(), "There is no such URL any more."


@pytest.mark.sweep
@pytest.mark.parametrize("level", ["-", *LEVELS.values()])
def test_each_person_gets_what_the_table_says(cast: Cast, everything: Everything, level: str) -> None:
    clients = [*(sign_in(cast, name) for name in PEOPLE), Client()]
    wrong = []
    for row in (row for row in ROWS if row.level == level):
        url = everything.url(row.name, level, URLS[row.name, level])
        answers = [ask(client, row.method, url) for client in clients]
        got = tuple(str(answer.status_code) for answer in answers)
        if got != row.statuses:
            wrong.append(f"{row.name} {level} {row.method} {' '.join(got)}")
        wrong += [f"{row.method} {url}: {what}" for answer in answers for what in wrong_with(answer)]
    assert wrong == []


@pytest.mark.sweep
def test_who_is_not_signed_in_is_asked_to_and_comes_back(everything: Everything) -> None:
    for row in ROWS:
        url = everything.url(row.name, row.level, URLS[row.name, row.level])
        response = ask(Client(), row.method, url)
        if response.status_code == 302 and row.name != "theme":
            back = url if row.method == "GET" else "/"  # what was to be posted is not posted by coming back
            assert response["Location"] == f"{resolve_url(project.LOGIN_URL)}?next={back}", row


@pytest.mark.sweep
def test_strangers_learn_of_no_url_by_a_method_that_it_does_not_answer(cast: Cast, everything: Everything) -> None:
    stranger = sign_in(cast, "stranger")
    told = []
    for (name, level), arguments in URLS.items():
        if level != "-":
            url = everything.url(name, level, arguments)
            for client, silence in ((stranger, 404), (Client(), 302)):
                status = ask(client, "PUT", url).status_code
                if status != silence:
                    told.append(f"{url} {status}: its scope is to be the outermost decorator of the view.")
    assert told == []


@pytest.mark.sweep
def test_nothing_of_a_place_is_found_below_another(cast: Cast, everything: Everything) -> None:
    ops, rockets = Scope(cast.acme, cast.ops), Scope(cast.acme, cast.tnt, cast.rockets)
    outsiders = {"org": ("org_owner", ops), "workspace": ("workspace_owner", rockets)}
    insiders = {"org": ("tenant_owner", ops), "workspace": ("org_owner", rockets)}
    clients = {who: sign_in(cast, who) for who, _ in (*outsiders.values(), *insiders.values())}
    found = []
    for row in (row for row in ROWS if row.level in outsiders):
        arguments = URLS[row.name, row.level]
        for who, place in (outsiders[row.level], *([insiders[row.level]] if arguments else [])):
            url = everything.url(row.name, row.level, arguments, below=place)
            status = ask(clients[who], row.method, url).status_code
            if status != 404:
                found.append(f"{who} {row.method} {url} {status}")
    assert found == []
