"""Creating integrations and asking for syncs, by people who click twice and at the same time."""

from collections.abc import Callable
from copy import copy

import pytest
from django.utils import timezone

from connections import sharing
from connections.errors import HandleTakenError
from connections.models import Folder
from integrations.models import AccessMode, Draft, Integration, SyncRun, SyncSchedule
from integrations.sync import requests
from integrations.wizard import finish as wizard_finish
from tests import factories
from tests.conftest import Cast, make_cast
from tests.threads import at_once
from workspaces import isolation
from workspaces.models import AuditEvent


def finish(cast: Cast, draft: Draft) -> Callable[[], Integration]:
    """The last step of the wizard, in a transaction of its own, with what the request has read itself."""
    mine = copy(draft)

    def post() -> Integration:
        with isolation.as_tenant(cast.acme.pk):
            return wizard_finish.create_integration(
                draft=mine, audiences=[cast.at_org], by=cast.org_owner, now=timezone.now()
            )

    return post


def test_a_new_integration_has_its_top_folder_grants_schedule_and_first_run(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        draft = factories.draft(
            cast.at_org, "main", by=cast.org_owner, handle_prefix="aws_", access_mode=AccessMode.KEY
        )
        draft.secret_key = "s" * 40
        draft.save()
        made = finish(cast, draft)()
        assert (made.uid, made.handle_prefix, made.secret_key) == (draft.uid, "aws_", "s" * 40)
        assert (made.root_folder.handle, made.root_folder.title) == ("root", "Root")
        assert [grant.organization for grant in sharing.grants_on(made.root_folder)] == [cast.tnt]
        run = SyncRun.objects.get(integration=made)
        assert (run.trigger, run.state, run.started_by) == ("created", "queued", cast.org_owner)
        assert SyncSchedule.objects.get(integration=made).next_due_at <= timezone.now()
        assert AuditEvent.objects.filter(action="integration.created", object_id=str(made.pk)).count() == 1
        assert not Draft.objects.exists()


def test_a_key_that_was_typed_and_then_not_chosen_is_not_kept(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        draft = factories.draft(cast.at_org, "main", by=cast.org_owner, access_key_id="AKIAAAAAAAAAAAAAAAAA")
        draft.secret_key = "s" * 40
        draft.save()
        made = finish(cast, draft)()
        assert (made.access_key_id, made.sealed_secret_key) == ("", "")


def test_a_handle_that_somebody_took_meanwhile_is_refused(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        drafts = [factories.draft(cast.at_org, "main", by=cast.org_owner) for _ in range(2)]
        finish(cast, drafts[0])()
        with pytest.raises(HandleTakenError):
            finish(cast, drafts[1])()
        assert Integration.objects.count() == 1


def test_top_folders_of_one_scope_have_different_handles(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        factories.folder(cast.at_org, "By hand", handle="root_second_one")
        made = [factories.integration(cast.at_org, name, by=cast.org_owner) for name in ("first", "second-one")]
        assert [each.root_folder.handle for each in made] == ["root", f"root_second_one_{made[1].root_folder_id}"]


@pytest.mark.django_db(transaction=True)
def test_a_draft_that_is_posted_twice_makes_one_integration() -> None:
    cast = make_cast()
    with isolation.as_tenant(cast.acme.pk):
        draft = factories.draft(cast.at_org, "main", by=cast.org_owner)
    one, two = at_once(finish(cast, draft), finish(cast, draft))
    assert one.pk == two.pk
    with isolation.as_tenant(cast.acme.pk):
        assert (Integration.objects.count(), SyncRun.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_two_integrations_that_are_made_at_the_same_time_get_top_folders_of_their_own() -> None:
    cast = make_cast()
    with isolation.as_tenant(cast.acme.pk):
        drafts = [factories.draft(cast.at_org, name, by=cast.org_owner) for name in ("one", "two")]
    at_once(*(finish(cast, draft) for draft in drafts))
    with isolation.as_tenant(cast.acme.pk):
        handles = set(Folder.objects.values_list("handle", flat=True))
    assert handles in ({"root", "root_one"}, {"root", "root_two"})


def test_asking_twice_for_a_sync_gives_one_run_and_two_audit_events(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        integration = factories.integration(cast.at_org, "main", by=cast.org_owner)
        runs = {
            requests.request_sync(integration=integration, by=cast.org_owner, now=timezone.now()).pk for _ in range(2)
        }
        assert len(runs) == 1
        assert AuditEvent.objects.filter(action="integration.sync_requested").count() == 2
