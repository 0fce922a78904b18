"""The rows of delegations: one table for each kind of thing, by direct foreign keys, which are guardian's faster way.

Nothing of guardian's asks whether somebody may do something: it lets superusers do everything, and knows no tenants.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from django.db import models
from guardian.managers import UserObjectPermissionManager
from guardian.models import UserObjectPermissionBase

from workspaces.delegation.verbs import Verb

# The database takes a delegation away with the thing that it is about, whichever version of the product deletes it.
GOES_WITH: dict[str, Any] = {"on_delete": models.DO_NOTHING, "db_constraint": False, "db_index": False}


class KnownVerbs(UserObjectPermissionManager):
    """Leaves out verbs of a later version, which may run beside this one: they open nothing here."""

    def get_queryset(self) -> Any:
        return super().get_queryset().filter(permission__codename__in=list(Verb))


class Delegation(UserObjectPermissionBase):
    """One verb on one thing, for one member of the scope in which the thing is, or of the one around it.

    It goes with the membership that it was given to: who leaves loses it. That it, the membership and the thing are of
    one tenant is held by keys (``migrations``).
    """

    tenant = models.ForeignKey("workspaces.Tenant", on_delete=models.CASCADE, related_name="+")
    membership = models.ForeignKey("workspaces.Membership", related_name="+", **GOES_WITH)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey("workspaces.User", null=True, editable=False, related_name="+", **GOES_WITH)

    objects: ClassVar[Any] = KnownVerbs()

    # Where the thing lies and, of a folder, the path of its subtree. THERE leaves out what is gone for those who look.
    ORGANIZATION: ClassVar[str | None] = "content_object__organization_id"
    WORKSPACE: ClassVar[str | None] = None
    PATH: ClassVar[str | None] = None
    # What it is called beside its handle, and the page of its delegates: URL name, and an argument with what fills it.
    TITLE: ClassVar[str | None] = None
    PAGE: ClassVar[tuple[str, str, str]] = ("place_delegates", "", "")
    THERE: ClassVar[Mapping[str, object]] = MappingProxyType({})

    class Meta:
        abstract = True
        unique_together: ClassVar[Any] = ()
        constraints: ClassVar[Any] = [
            models.UniqueConstraint(fields=["content_object", "user", "permission"], name="%(class)s_once"),
        ]

    @classmethod
    def kind(cls) -> str:
        """Name the kind of thing that the rows of this table are about, by its model's name."""
        thing: Any = cls._meta.get_field("content_object").related_model
        return str(thing._meta.model_name)


class TenantDelegation(Delegation):
    """A verb on a tenant."""

    content_object = models.ForeignKey("workspaces.Tenant", **GOES_WITH)
    ORGANIZATION = None

    class Meta(Delegation.Meta):
        constraints: ClassVar[Any] = [
            *Delegation.Meta.constraints,
            models.CheckConstraint(condition=models.Q(content_object=models.F("tenant")), name="%(class)s_own_tenant"),
        ]


class OrganizationDelegation(Delegation):
    """A verb on an organization."""

    content_object = models.ForeignKey("workspaces.Organization", **GOES_WITH)
    ORGANIZATION = "content_object_id"


class WorkspaceDelegation(Delegation):
    """A verb on a workspace."""

    content_object = models.ForeignKey("workspaces.Workspace", **GOES_WITH)
    WORKSPACE = "content_object_id"


def tables() -> list[type[Delegation]]:
    """Give the models of all kinds of things; those of other apps are there once Django has loaded them."""
    return Delegation.__subclasses__()


def table_of(thing: models.Model) -> type[Delegation]:
    """Give the model of the delegations of a thing; raises KeyError where nothing of its kind is delegated."""
    return {table.kind(): table for table in tables()}[thing._meta.model_name or ""]
