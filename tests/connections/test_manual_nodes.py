"""Folders and connections made by hand: making, renaming and deleting them, at each level."""

from contextlib import nullcontext

import pytest
from django.test import Client

from connections import manual_nodes, sharing
from connections.errors import HandleTakenError
from connections.models import Connection, Folder, Schema
from connections.tree import ids_on
from tests import factories
from tests.conftest import Cast
from tests.threads import meeting
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent

TENANT = "/tenants/acme/connections/"
ORG = "/tenants/acme/orgs/tnt/connections/"
WORKSPACE = "/tenants/acme/orgs/tnt/workspaces/fireworks/connections/"
LEVELS = {"tenant": TENANT, "org": ORG, "workspace": WORKSPACE}


def scope_of(cast: Cast, level: str) -> Scope:
    return {"tenant": cast.at_tenant, "org": cast.at_org, "workspace": cast.at_workspace}[level]


def events(cast: Cast, action: str) -> list[AuditEvent]:
    with isolation.as_tenant(cast.acme.pk):
        return list(AuditEvent.objects.filter(action=action).order_by("pk"))


def folders(cast: Cast) -> dict[str, Folder]:
    with isolation.as_tenant(cast.acme.pk):
        return {folder.handle: folder for folder in Folder.objects.filter(is_managed=False)}


@pytest.mark.parametrize("level", LEVELS)
def test_a_folder_is_made_renamed_and_deleted_at_each_level(cast: Cast, as_tenant_owner: Client, level: str) -> None:
    base = LEVELS[level]
    assert "New Folder" in as_tenant_owner.get(base).content.decode()
    made = as_tenant_owner.post(base + "folders/new/", {"handle": "mine", "title": "My own"})
    top = folders(cast)["mine"]
    assert made.status_code == 302
    assert made["Location"] == f"{base}folders/{top.pk}/"
    page = as_tenant_owner.get(made["Location"]).content.decode()
    assert f"?folder={top.pk}" in page, "further ones can be made in it"
    as_tenant_owner.post(f"{base}folders/new/?folder={top.pk}", {"handle": "inner"})
    inner = folders(cast)["inner"]
    assert (inner.parent_id, inner.path) == (top.pk, f"{top.path}{inner.pk}/")
    advanced = f"{base}folders/{top.pk}/advanced/"
    assert "Delete Folder" in as_tenant_owner.get(advanced).content.decode()
    assert as_tenant_owner.post(advanced, {"handle": "yours", "title": ""}).status_code == 302
    assert as_tenant_owner.post(advanced, {"handle": "yours", "title": ""}).status_code == 302
    with isolation.as_tenant(cast.acme.pk):
        factories.connection(scope_of(cast, level), "leaf", folder=inner)
    delete = f"{base}folders/{top.pk}/delete/"
    dialog = as_tenant_owner.get(delete).content.decode()
    assert "folder below it" in dialog
    assert as_tenant_owner.post(delete, {"handle": "wrong"}).status_code == 200
    assert as_tenant_owner.post(delete, {"handle": "yours"}).status_code == 302
    assert not folders(cast)
    with isolation.as_tenant(cast.acme.pk):
        assert not Connection.objects.exists()
    counts = {verb: len(events(cast, f"folder.{verb}")) for verb in ("created", "changed", "deleted")}
    assert counts == {"created": 2, "changed": 1, "deleted": 1}
    assert events(cast, "folder.deleted")[0].details == {"connections": 1, "folders": 2, "workspaces": 0}


@pytest.mark.parametrize("level", LEVELS)
def test_a_taken_handle_is_refused_with_a_sentence(cast: Cast, as_tenant_owner: Client, level: str) -> None:
    base, data = LEVELS[level], {"handle": "mine"}
    as_tenant_owner.post(base + "folders/new/", data)
    again = as_tenant_owner.post(base + "folders/new/", data)
    assert "“mine” is taken by another folder of" in again.content.decode()
    assert (
        "Start with a lower-case letter"
        in as_tenant_owner.post(base + "folders/new/", {"handle": "No-Good"}).content.decode()
    )
    assert len(folders(cast)) == 1
    status = {"HX-Request": "true", "HX-Target": "id_handle-status"}
    typed = as_tenant_owner.get(base + "folders/new/?handle=mine", headers=status).content.decode()
    assert "is taken by another folder" in typed


def test_a_handle_that_somebody_took_meanwhile_is_noticed_when_it_is_written(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        for is_taken in (False, True):
            with pytest.raises(HandleTakenError) if is_taken else nullcontext():
                manual_nodes.create_folder(scope=cast.at_org, parent=None, handle="mine", title="", by=cast.org_owner)


@pytest.mark.parametrize("level", ["tenant", "org"])
def test_what_an_integration_manages_is_neither_renamed_nor_deleted_nor_filled_by_hand(
    cast: Cast, as_tenant_owner: Client, level: str
) -> None:
    base, scope = LEVELS[level], scope_of(cast, level)
    with isolation.as_tenant(cast.acme.pk):
        root = factories.integration(scope, "awsi", by=cast.tenant_owner).root_folder
        leaf = factories.connection(scope, "vault", folder=root, handle="vault")
    for node in (f"folders/{root.pk}/", f"{leaf.pk}/"):
        assert (
            "the integration awsi keeps it as it is in AWS"
            in as_tenant_owner.get(f"{base}{node}advanced/").content.decode()
        )
        posted = as_tenant_owner.post(f"{base}{node}advanced/", {"handle": "mine", "title": "Mine"})
        deleted = as_tenant_owner.post(f"{base}{node}delete/", {"handle": leaf.handle})
        inside = as_tenant_owner.post(f"{base}folders/new/?folder={root.pk}", {"handle": "mine"})
        for response in (posted, deleted, inside):
            assert response.status_code == 403
            assert "the integration awsi keeps it as it is in AWS" in response.content.decode()
    with isolation.as_tenant(cast.acme.pk):
        leaf.refresh_from_db()
        root.refresh_from_db()
        assert (leaf.handle, root.title) == ("vault", "Root")
        with pytest.raises(manual_nodes.ManagedError):
            manual_nodes.change_node(node=leaf, handle="mine", title="", by=cast.tenant_owner)
        with pytest.raises(manual_nodes.ManagedError):
            manual_nodes.delete_node(node=leaf, by=cast.tenant_owner)
    assert not folders(cast)
    assert f"?folder={root.pk}" not in as_tenant_owner.get(f"{base}folders/{root.pk}/").content.decode()


def test_deleting_a_folder_takes_it_out_of_workspaces(cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        top = factories.folder(cast.at_org, "Mine", handle="mine")
        factories.connection(cast.at_org, "leaf", folder=top)
        sharing.set_grants(top, [cast.at_org])
        Schema.objects.create(**cast.at_workspace.keys, folder=top)
    url = f"{ORG}folders/{top.pk}/delete/"
    assert "tnt/fireworks" in as_org_owner.get(url).content.decode()
    as_org_owner.post(url, {"handle": "mine"})
    with isolation.as_tenant(cast.acme.pk):
        assert not Schema.objects.exists()


def test_a_workspace_that_has_the_folder_above_is_told_of_too(cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        top = factories.folder(cast.at_org, "Mine", handle="mine")
        inner = factories.folder(cast.at_org, "Inner", handle="inner", parent=top)
        empty = factories.folder(cast.at_org, "Empty", handle="empty", parent=top)
        leaf = factories.connection(cast.at_org, "leaf", folder=inner, handle="leaf")
        sharing.set_grants(top, [cast.at_org])
        Schema.objects.create(**cast.at_workspace.keys, folder=top)
    assert "tnt/fireworks" in as_org_owner.get(f"{ORG}folders/{inner.pk}/delete/").content.decode()
    assert "tnt/fireworks" in as_org_owner.get(f"{ORG}{leaf.pk}/delete/").content.decode()
    assert "tnt/fireworks" not in as_org_owner.get(f"{ORG}folders/{empty.pk}/delete/").content.decode()
    as_org_owner.post(f"{ORG}{leaf.pk}/delete/", {"handle": "leaf"})
    with isolation.as_tenant(cast.acme.pk):
        assert AuditEvent.objects.get(action="connection.deleted").details["workspaces"] == 1


def test_of_two_people_who_delete_at_once_the_second_deletes_nothing(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        folder, leaf = factories.folder(cast.at_org, "Mine"), factories.connection(cast.at_org, "leaf")
        for node in (folder, Folder.objects.get(), leaf, Connection.objects.get()):
            manual_nodes.delete_node(node=node, by=cast.org_owner)
        assert AuditEvent.objects.filter(action__endswith=".deleted").count() == 2


@pytest.mark.parametrize(
    ("who", "statuses"),
    [
        ("tenant_owner", (200, 200, 200)),
        ("org_owner", (403, 200, 200)),
        ("workspace_owner", (403, 403, 200)),
        ("operator", (403, 403, 403)),
        ("reader", (403, 403, 403)),
        ("org_member", (403, 403, 404)),
        ("tenant_member", (403, 404, 404)),
        ("stranger", (404, 404, 404)),
    ],
)
def test_only_owners_of_a_place_make_folders_in_it(
    cast: Cast, client: Client, who: str, statuses: tuple[int, ...]
) -> None:
    client.force_login(getattr(cast, who))
    for (level, base), status in zip(LEVELS.items(), statuses, strict=True):
        assert client.get(base + "folders/new/").status_code == status, level
        posted = client.post(base + "folders/new/", {"handle": f"at_{level}"})
        assert posted.status_code == (302 if status == 200 else status), level
    assert len(folders(cast)) == statuses.count(200)


def test_a_folder_of_another_place_is_no_place_to_make_something_in(cast: Cast, as_tenant_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        theirs = factories.folder(Scope(cast.acme, cast.ops), "Theirs", handle="theirs")
    for wanted in (str(theirs.pk), "x", "-1", "²"):
        url = f"{ORG}folders/new/?folder={wanted}"
        assert as_tenant_owner.post(url, {"handle": "mine"}).status_code == 404
    for page in ("advanced", "delete"):
        assert as_tenant_owner.get(f"{ORG}folders/{theirs.pk}/{page}/").status_code == 404


def test_what_a_workspace_owns_has_settings_there_for_its_owners_only(cast: Cast, client: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        mine = factories.folder(cast.at_workspace, "Mine", handle="mine")
        leaf = factories.connection(cast.at_workspace, "leaf", folder=mine)
    pages = (f"{WORKSPACE}folders/{mine.pk}/", f"{WORKSPACE}{leaf.pk}/")
    for who, is_owner in (("workspace_owner", True), ("reader", False)):
        client.force_login(getattr(cast, who))
        for page in pages:
            assert (">Settings</a>" in client.get(page).content.decode()) == is_owner
            assert client.get(page + "advanced/").status_code == (200 if is_owner else 403)


def test_the_handle_of_what_may_still_come_back_is_taken(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        node = factories.connection(cast.at_org, "Gone", handle="gone")
        Connection.objects.filter(pk=node.pk).update(removed_at=node.created_at)
        assert manual_nodes.is_handle_taken(cast.at_org, Connection, "gone", but=None)
        assert not manual_nodes.is_handle_taken(cast.at_org, Connection, "gone", but=node)
        assert not manual_nodes.is_handle_taken(cast.at_workspace, Connection, "gone", but=None)


def test_of_two_moves_into_each_other_one_is_refused(transactional_db: None, cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        one, other = (factories.folder(cast.at_org, title) for title in ("One", "Other"))

    def into(node: Folder, parent: Folder) -> str:
        try:
            with isolation.as_tenant(cast.acme.pk):
                manual_nodes.move_node(node=node, parent=parent, by=cast.org_owner)
        except (manual_nodes.FolderGoneError, manual_nodes.NotMovableError) as error:
            return str(error)
        return ""

    both = Folder.objects.filter(pk__in=[one.pk, other.pk])
    said = meeting(both, lambda: into(one, other), lambda: into(other, one), tenant_id=cast.acme.pk)
    assert sorted(map(bool, said)) == [False, True], said
    with isolation.as_tenant(cast.acme.pk):
        assert sorted(len(ids_on(path)) for path in both.values_list("path", flat=True)) == [1, 2]
