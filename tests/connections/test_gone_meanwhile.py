"""What somebody deletes at the very moment at which somebody else changes it."""

import pytest
from django.test import Client

from connections import manual_nodes
from connections.models import Folder
from tests.conftest import Cast, make_cast
from tests.threads import in_thread, wait_until_waiting
from workspaces import isolation
from workspaces.models import AuditEvent

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """The cast, committed."""
    return make_cast()


@pytest.fixture
def mine(cast: Cast) -> Folder:
    """A folder made by hand, committed."""
    with isolation.as_tenant(cast.acme.pk):
        return manual_nodes.create_folder(
            scope=cast.at_org, parent=None, handle="mine", title="Mine", by=cast.org_owner
        )


def while_deleted(cast: Cast, mine: Folder, client: Client, page: str, values: dict[str, str]) -> int:
    """Post to a page of the folder while its deletion is under way; gives the status of the answer."""
    client.force_login(cast.org_owner)
    url = cast.at_org.url("folder_detail", folder=mine.pk)
    answers: list[int] = []
    with isolation.as_tenant(cast.acme.pk):
        manual_nodes.delete_node(node=mine, by=cast.org_owner)
        posting = in_thread(lambda: answers.append(client.post(url + page, values).status_code))
        wait_until_waiting()
    posting.join(40)
    return answers[0]


@pytest.mark.parametrize(
    ("page", "values"), [("permissions/", {"choice": "all"}), ("advanced/", {"handle": "other", "title": "Other"})]
)
def test_what_is_being_deleted_is_not_found_by_who_would_change_it(
    cast: Cast, mine: Folder, client: Client, page: str, values: dict[str, str]
) -> None:
    assert while_deleted(cast, mine, client, page, values) == 404


def test_of_two_who_delete_the_same_one_does_it(cast: Cast, mine: Folder, client: Client) -> None:
    assert while_deleted(cast, mine, client, "delete/", {"handle": "mine"}) == 302
    with isolation.as_tenant(cast.acme.pk):
        assert AuditEvent.objects.filter(action="folder.deleted").count() == 1
