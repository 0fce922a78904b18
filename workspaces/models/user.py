"""Who signs in: people, and service accounts."""

import secrets
from typing import Any, ClassVar, Final

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from workspaces.handles import PlaceHandleField
from workspaces.models.organization import Organization
from workspaces.models.tenant import Tenant
from workspaces.models.versioned import PublicIdField, Versioned

SERVICE_ACCOUNTS: Final = "service-accounts.invalid"  # the domain of addresses that nobody has, and no page shows


class UserManager(BaseUserManager["User"]):
    """Makes users; the email is kept in lower case, so that it is unique however it is typed."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())

    def create_user(self, *, email: str, handle: str, password: str | None = None, **fields: Any) -> "User":
        """Create a person; without a password they can only sign in after a password reset."""
        user = self.model(email=email.lower(), handle=handle, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_service_account(
        self, *, handle: str, title: str, description: str, tenant: Tenant, organization: Organization | None
    ) -> "User":
        """Create a service account that belongs to the tenant, or to the organization of it."""
        return self.create_user(
            email=f"{secrets.token_hex(20)}@{SERVICE_ACCOUNTS}",
            handle=handle,
            name=title,
            description=description,
            service_tenant=tenant,
            service_organization=organization,
        )

    def create_superuser(self, *, email: str, handle: str, password: str | None = None) -> "User":
        return self.create_user(email=email, handle=handle, password=password, is_superuser=True)


def _kept(place: type[models.Model]) -> Any:
    """Make a key that outlives what it names: of an account that is deleted, its place may be gone."""
    return models.ForeignKey(
        place,
        null=True,
        editable=False,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )


class User(AbstractBaseUser, PermissionsMixin, Versioned):
    """A person; what they may do where is in their memberships.

    Nobody is deleted: an account is deactivated, or the person's data is erased from it, and from all that names them,
    by the database itself once ``erased_at`` is set. Tokens from before ``tokens_valid_from`` are good for nothing.

    Or a service account, which is a program's: it has a ``service_tenant`` (and ``service_organization``) that it
    belongs to for good, a title, which is its name, no password and no address. Outside its tenant the database shows
    it to nobody, and so it cannot sign in to the console, which looks people up in no tenant. It acts by its tokens.
    """

    email = models.EmailField(max_length=254, unique=True)
    handle = PlaceHandleField(unique=True)
    name = models.CharField(max_length=100, blank=True)
    is_active = models.BooleanField(default=True)
    public_id = PublicIdField("u")
    joined_at = models.DateTimeField(auto_now_add=True)
    email_preferences = models.JSONField(default=dict, db_default={}, editable=False)
    erased_at = models.DateTimeField(null=True, editable=False)
    tokens_valid_from = models.DateTimeField(null=True, editable=False)
    service_tenant = _kept(Tenant)
    service_organization = _kept(Organization)
    description = models.CharField(max_length=500, blank=True, db_default="", default="")

    objects: ClassVar[UserManager] = UserManager()

    EMAIL_FIELD = USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["handle"]

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_lower_case"),
            models.CheckConstraint(
                condition=Q(service_tenant=None, service_organization=None)
                | Q(service_tenant__isnull=False, password__startswith="!", is_superuser=False),  # noqa: S106
                name="user_service_account_without_password",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.handle

    @property
    def is_service_account(self) -> bool:
        return self.service_tenant_id is not None

    @property
    def known_as(self) -> str:
        """What the audit log calls them: people by their address, which is theirs alone; the database says it too."""
        return f"service account {self}" if self.is_service_account else self.email
