"""How a connection made by hand signs in to its account."""

from copy import copy
from typing import Any

from integrations.forms.access import AccessForm
from integrations.models import AccessTest, AccountAccess


class AccountForm(AccessForm):
    """The same fields as discovery has, for one account. What is entered is kept on a copy: it may be refused."""

    tests = AccessTest.Kind.ACCOUNT

    def __init__(self, access: AccountAccess, data: Any = None) -> None:
        entered = copy(access)
        entered.discovery_external_id = access.tested_external_id
        super().__init__(entered, data)
        self.fields["role_arn"].widget.attrs["placeholder"] = "arn:aws:iam::123456789012:role/pipes-connection"
