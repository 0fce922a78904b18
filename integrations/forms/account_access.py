"""How a connection made by hand gets into its account."""

from typing import Any

from integrations.access_tests import results
from integrations.models import AccessTest, AccountAccess, Draft
from integrations.wizard.steps.discovery import DiscoveryForm


class AccountForm(DiscoveryForm):
    """The same fields as discovery has, for one account; the role's ARN tells its partition."""

    def __init__(self, access: AccountAccess, data: Any = None) -> None:
        self.access = access
        super().__init__(_copy_of(access), data)
        self.fields.pop("partition", None)
        self.fields["role_arn"].widget.attrs["placeholder"] = "arn:aws:iam::123456789012:role/pipes-connection"

    def refuse_open_role(self) -> bool:
        """Add an error, and tell so, when a test found that strangers can assume exactly this role."""
        why = results.why_role_is_refused(self.wanted, AccessTest.Kind.ACCOUNT)
        if why:
            self.add_error("role_arn", why)
        return bool(why)

    @property
    def wanted(self) -> Draft:
        """What was entered, once it was kept."""
        return self.draft


def _copy_of(access: AccountAccess) -> Draft:
    """Copy what is stored, to be edited as in the wizard; the copy is never saved as a draft."""
    names = ("uid", "tenant", "organization", "access_mode", "role_arn", "access_key_id", "sealed_secret_key")
    copied = {name: getattr(access, name) for name in names}
    copied["discovery_external_id"] = access.tested_external_id
    return Draft(**copied, options=access.connection.options)
