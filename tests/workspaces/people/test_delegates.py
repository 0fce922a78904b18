"""Verbs on single things, delegated to members who own nothing there: what they hold, and how it ends."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from connections.models import Connection, Folder
from tests import factories
from tests.conftest import Cast
from workspaces import access as rules
from workspaces import isolation
from workspaces.access import Access, Scope
from workspaces.delegation.held import Holdings, read
from workspaces.delegation.rows import tables
from workspaces.delegation.verbs import VERBS_OF, Verb
from workspaces.models import AuditEvent, Membership, Role, User
from workspaces.people import delegates
from workspaces.places import members


def access_of(user: User, scope: Scope) -> Access:
    return Access(user, scope, tuple(Membership.objects.filter(user=user, tenant=scope.tenant)))


def give(cast: Cast, thing: object, *verbs: Verb, to: User, scope: Scope | None = None) -> list[Verb]:
    owner = access_of(cast.tenant_owner, scope or cast.at_org)
    return delegates.delegate(access=owner, thing=thing, user=to, verbs=verbs)  # type: ignore[arg-type]


def held(cast: Cast, user: User) -> Holdings:
    return read(user.pk, cast.acme.pk)


@pytest.fixture
def tree(cast: Cast) -> tuple[Folder, Folder, Connection]:
    """A folder, one in it, and a connection in that."""
    with isolation.as_tenant(cast.acme.pk):
        top = factories.folder(cast.at_org, "Top")
        inner = factories.folder(cast.at_org, "Inner", parent=top)
        return top, inner, factories.connection(cast.at_org, "Leaf", folder=inner)


def test_a_verb_on_a_folder_is_one_on_all_below_it_now_and_later(
    cast: Cast, tree: tuple[Folder, Folder, Connection]
) -> None:
    top, inner, leaf = tree
    with isolation.as_tenant(cast.acme.pk):
        beside = factories.folder(cast.at_org, "Beside")
        assert give(cast, inner, Verb.SHARE_FOLDER, to=cast.org_member) == [Verb.SHARE_FOLDER]
        assert give(cast, inner, Verb.SHARE_FOLDER, to=cast.org_member) == []
        later = factories.connection(cast.at_org, "Later", folder=inner)
        mine = held(cast, cast.org_member)
        assert [bool(mine.on(node)) for node in (top, inner, leaf, later, beside)] == [False, True, True, True, False]
        Connection.objects.filter(pk=leaf.pk).update(folder=beside)
        assert not mine.on(Connection.objects.get(pk=leaf.pk))
        Folder.objects.filter(pk=inner.pk).update(removed_at=inner.created_at)
        assert not held(cast, cast.org_member)


def test_what_is_held_is_read_in_one_statement_and_by_scope(
    cast: Cast, tree: tuple[Folder, Folder, Connection], django_assert_num_queries: object
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        made = factories.integration(cast.at_org, "aws", by=cast.org_owner)
        give(cast, made, Verb.SYNC_INTEGRATION, to=cast.org_member)
        give(cast, tree[2], Verb.CONFIGURE_CONNECTION, to=cast.org_member)
        give(cast, cast.fireworks, Verb.MANAGE_SCHEMAS, to=cast.org_member, scope=cast.at_workspace)
        give(cast, cast.tnt, Verb.VIEW_AUDIT_LOG, to=cast.org_member)
        give(cast, cast.acme, Verb.VIEW_AUDIT_LOG, to=cast.org_member, scope=cast.at_tenant)
        here = access_of(cast.org_member, cast.at_org)
        with django_assert_num_queries(1):  # type: ignore[operator]
            assert {one.verb for one in here.held_here} == {
                "sync_integration",
                "configure_connection",
                "view_audit_log",
            }
            assert len(here.held) == 5
        assert here.can(Verb.VIEW_INTEGRATION, made)  # who may sync it may see it
        assert not here.can(Verb.CONFIGURE_INTEGRATION, made)
        with pytest.raises(
            PermissionDenied, match="To change the integration's settings you need to be an owner of acme"
        ):
            here.check_verb(Verb.CONFIGURE_INTEGRATION, made)
        inside = access_of(cast.org_member, cast.at_workspace)
        assert rules.holds(Verb.USE_SCHEMAS)(inside, {})
        assert not rules.holds(Verb.USE_SCHEMAS)(here, {})
        assert not rules.holds(Verb.USE_SCHEMAS)(access_of(cast.reader, cast.at_workspace), {})


def test_only_owners_delegate_and_only_to_members(cast: Cast, tree: tuple[Folder, Folder, Connection]) -> None:
    top, _, _ = tree
    with isolation.as_tenant(cast.acme.pk):
        give(cast, top, Verb.SHARE_FOLDER, to=cast.org_member)
        delegate = access_of(cast.org_member, cast.at_org)
        with pytest.raises(PermissionDenied):
            delegates.delegate(access=delegate, thing=top, user=cast.reader, verbs=[Verb.SHARE_FOLDER])
        with pytest.raises(PermissionDenied):
            delegates.end(access=delegate, thing=top, user=cast.org_member, verbs=[Verb.SHARE_FOLDER])
        for nobody in (cast.tenant_member, cast.stranger, cast.org_owner, cast.tenant_owner):
            with pytest.raises(delegates.NoMemberError):
                give(cast, top, Verb.SHARE_FOLDER, to=nobody)
        with pytest.raises(ValueError, match="not for folder"):
            give(cast, top, Verb.SYNC_INTEGRATION, to=cast.org_member)


def test_what_is_taken_away_is_gone_and_recorded(cast: Cast, tree: tuple[Folder, Folder, Connection]) -> None:
    top, inner, leaf = tree
    with isolation.as_tenant(cast.acme.pk):
        give(cast, top, Verb.SHARE_FOLDER, Verb.CONFIGURE_FOLDER, to=cast.org_member)
        give(cast, leaf, Verb.SHARE_CONNECTION, to=cast.org_member)
        shown = delegates.delegates_of(leaf, [])
        assert [(one.user, one.verb, one.by, one.origin) for one in shown] == [
            (cast.org_member, Verb.SHARE_CONNECTION, cast.tenant_owner, None)
        ]
        inherited = delegates.delegates_of(inner, [top])
        assert [(one.verb, one.origin) for one in inherited] == [
            (Verb.SHARE_FOLDER, top),
            (Verb.CONFIGURE_FOLDER, top),
        ]
        owner = access_of(cast.org_owner, cast.at_org)
        assert delegates.end(access=owner, thing=top, user=cast.org_member, verbs=[Verb.SHARE_FOLDER]) == [
            Verb.SHARE_FOLDER
        ]
        assert {one.verb for one in held(cast, cast.org_member)} == {Verb.CONFIGURE_FOLDER, Verb.SHARE_CONNECTION}
        events = AuditEvent.objects.filter(action__startswith="delegate.").order_by("pk")
        assert [(event.action, event.object_label, event.details["what"]) for event in events] == [
            ("delegate.added", top.handle, "share folder, configure folder"),
            ("delegate.added", leaf.handle, "share connection"),
            ("delegate.removed", top.handle, "share folder"),
        ]


def test_leaving_ends_it_even_where_only_the_database_knows(
    cast: Cast, tree: tuple[Folder, Folder, Connection]
) -> None:
    top, _, leaf = tree
    with isolation.as_tenant(cast.acme.pk):
        give(cast, top, Verb.SHARE_FOLDER, to=cast.org_member)
        give(cast, cast.fireworks, Verb.USE_SCHEMAS, to=cast.org_member, scope=cast.at_workspace)
        member = Membership.objects.get(user=cast.org_member, organization=cast.tnt)
        members.remove_member(scope=cast.at_org, member=member, by=cast.tenant_owner)
        assert not held(cast, cast.org_member)
        members.add_member(scope=cast.at_org, user=cast.org_member, role=Role.MEMBER, by=cast.tenant_owner)
        assert not held(cast, cast.org_member)
        give(cast, leaf, Verb.SHARE_CONNECTION, to=cast.org_member)
        with connection.cursor() as cursor:  # as the version before does, which knows no delegations
            cursor.execute("DELETE FROM connections_connection WHERE id = %s", [leaf.pk])
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert not held(cast, cast.org_member)


def test_leaving_a_workspace_ends_what_was_delegated_in_it_before_one_had_a_role_there(
    cast: Cast, tree: tuple[Folder, Folder, Connection]
) -> None:
    """Such a delegation goes with the membership of the organization, which stays."""
    leaf = tree[2]
    with isolation.as_tenant(cast.acme.pk):
        inside = factories.folder(cast.at_workspace, "Inside")
        one = factories.connection(cast.at_workspace, "One", folder=inside)
        for user in (cast.org_member, cast.reader):
            give(cast, cast.fireworks, Verb.MANAGE_SCHEMAS, to=user, scope=cast.at_workspace)
        for thing, verb in ((inside, Verb.SHARE_FOLDER), (one, Verb.CONFIGURE_CONNECTION)):
            give(cast, thing, verb, to=cast.org_member, scope=cast.at_workspace)
        Folder.objects.filter(pk=inside.pk).update(removed_at=inside.created_at)  # it may come back
        give(cast, leaf, Verb.CONFIGURE_CONNECTION, to=cast.org_member)
        give(cast, cast.tnt, Verb.VIEW_AUDIT_LOG, to=cast.org_member)
        member = members.add_member(
            scope=cast.at_workspace, user=cast.org_member, role=Role.READER, by=cast.tenant_owner
        )
        members.remove_member(scope=cast.at_workspace, member=member, by=cast.tenant_owner)
        Folder.objects.filter(pk=inside.pk).update(removed_at=None)
        assert {(one.verb, one.key) for one in held(cast, cast.org_member)} == {
            (Verb.CONFIGURE_CONNECTION, leaf.pk),
            (Verb.VIEW_AUDIT_LOG, cast.tnt.pk),
        }
        assert held(cast, cast.reader)
        member = members.members_of(cast.at_org).get(user=cast.org_member)
        give(cast, cast.acme, Verb.VIEW_AUDIT_LOG, to=cast.org_member, scope=cast.at_tenant)
        members.remove_member(scope=cast.at_org, member=member, by=cast.tenant_owner)
        assert [one.kind for one in held(cast, cast.org_member)] == ["tenant"]


def test_whoever_becomes_an_owner_and_is_none_any_more_keeps_it(
    cast: Cast, tree: tuple[Folder, Folder, Connection]
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        give(cast, tree[0], Verb.SHARE_FOLDER, to=cast.org_member)
        Membership.objects.filter(user=cast.org_member, organization=cast.tnt).update(role=Role.OWNER)
        assert access_of(cast.org_member, cast.at_org).can_own
        Membership.objects.filter(user=cast.org_member, organization=cast.tnt).update(role=Role.MEMBER)
        assert held(cast, cast.org_member)


def test_a_superuser_holds_nothing_that_nobody_delegated(cast: Cast, tree: tuple[Folder, Folder, Connection]) -> None:
    with isolation.as_tenant(cast.acme.pk):
        User.objects.filter(pk=cast.org_member.pk).update(is_superuser=True)
        super_member = User.objects.get(pk=cast.org_member.pk)
        assert not access_of(super_member, cast.at_org).can(Verb.SHARE_FOLDER, tree[0])


@pytest.mark.parametrize("table", tables(), ids=lambda table: table.kind())
def test_the_database_keeps_tenants_apart(cast: Cast, tree: tuple[Folder, Folder, Connection], table: type) -> None:
    with isolation.as_tenant(cast.acme.pk):
        things = {
            "integration": factories.integration(cast.at_org, "aws", by=cast.org_owner),
            "folder": tree[0],
            "connection": tree[2],
            "workspace": cast.fireworks,
            "organization": cast.tnt,
            "tenant": cast.acme,
        }
        kind = table.kind()  # type: ignore[attr-defined]
        scope = {"workspace": cast.at_workspace, "tenant": cast.at_tenant}.get(kind, cast.at_org)
        (verb, *_) = VERBS_OF[kind]
        give(cast, things[kind], verb, to=cast.org_member, scope=scope)
        row = table._default_manager.get()  # type: ignore[attr-defined]
    with isolation.as_tenant(cast.globex.pk):
        assert not table._default_manager.exists()  # type: ignore[attr-defined]
        assert not read(cast.org_member.pk, cast.acme.pk)
        foreign = Membership.objects.get(user=cast.stranger, organization=None)
        with pytest.raises(DatabaseError), transaction.atomic():
            table._default_manager.bulk_create(  # type: ignore[attr-defined]
                [
                    table(
                        tenant=cast.globex,
                        membership=foreign,
                        user=cast.stranger,
                        permission=row.permission,
                        content_object_id=row.content_object_id,
                    )
                ]
            )
