"""A person who signs in."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower

from workspaces.handles import PlaceHandleField
from workspaces.models.versioned import PublicIdField, Versioned


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

    def create_superuser(self, *, email: str, handle: str, password: str | None = None) -> "User":
        return self.create_user(email=email, handle=handle, password=password, is_superuser=True)


class User(AbstractBaseUser, PermissionsMixin, Versioned):
    """A person; what they may do where is in their memberships.

    Nobody is deleted: an account is deactivated, or the person's data is erased from it, and from all that names them,
    by the database itself once ``erased_at`` is set. Tokens from before ``tokens_valid_from`` are good for nothing.
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

    objects: ClassVar[UserManager] = UserManager()

    EMAIL_FIELD = USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["handle"]

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_lower_case")]

    def __str__(self) -> str:
        return self.name or self.handle
