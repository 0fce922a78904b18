"""Forms of tokens; they validate, actions write."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from django import forms
from django.urls import reverse

from workspaces.models import Tenant
from workspaces.web.inputs import NumberField

MOST_DAYS: Final = 3650
_NEVER, _DAY = "never", "day"
_WORDS: Final = {7: "In 7 days", 30: "In 30 days", 90: "In 90 days", 365: "In a year"}
_USUAL: Final = 30  # days


class TitleForm(forms.Form):
    title = forms.CharField(
        max_length=100,
        label="Title",
        help_text="What uses it, such as the name of a program and where it runs.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Enter a title."},
    )


class ExpiringForm(TitleForm):
    """What a token of one tenant is to be called, and until when it is good; then ``expires_at`` is set.

    What the tenant's longest life forbids is not offered, and refused by ``check_life``, which raises ValueError with
    the sentence.
    """

    expires = forms.ChoiceField(
        label="Expires",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose when it expires.", "invalid_choice": "Choose one of these."},
    )
    day = forms.DateField(
        label="Last day (UTC)",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": "Choose the last day on which it is to be good.",
            "invalid": "Choose a day, as 2030-12-31.",
        },
    )
    chosen: Tenant | None = None
    expires_at: datetime | None = None

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        tenant: Tenant | None,
        initial: Mapping[str, str],
        check_life: Callable[..., None],
        now: datetime,
    ) -> None:
        self.chosen = tenant
        self._check_life, self._now = check_life, now
        longest = tenant.token_max_days if tenant else None
        offered = _offered(longest)
        wanted = initial.get("expires", "")
        usual = wanted if wanted in dict(offered) else str(min(_USUAL, longest or _USUAL))
        super().__init__(data, initial={**initial, "expires": usual})
        ends: Any = self.fields["expires"]
        ends.choices = [*_offered(None), *((name, "") for name, _ in offered if name not in dict(_offered(None)))]
        ends.widget.choices = offered
        today = now.astimezone(UTC).date()
        latest = today + timedelta(days=longest or MOST_DAYS)
        self.fields["day"].widget.attrs |= {"min": today.isoformat(), "max": latest.isoformat()}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        expires = cleaned.get("expires")
        if expires != _DAY:
            self.errors.pop("day", None)  # it was not asked for
        if self.chosen is None or expires is None or "day" in self.errors:
            return cleaned
        if expires.isdecimal():
            self.expires_at = self._now + timedelta(days=int(expires))
        elif expires == _DAY:
            self.expires_at = self._end_of(cleaned["day"], self.chosen)
        if not self.errors:
            try:
                self._check_life(self.chosen, self.expires_at, now=self._now)
            except ValueError as error:
                self.add_error("day" if expires == _DAY else "expires", str(error))
        return cleaned

    def _end_of(self, day: Any, tenant: Tenant) -> datetime | None:
        """Give the end of the day; of the last one that is allowed, the last moment that is."""
        today = self._now.astimezone(UTC).date()
        if day < today:
            self.add_error("day", "This day is over. Choose today or a later day.")
        elif day > today + timedelta(days=MOST_DAYS) and not tenant.token_max_days:
            self.add_error("day", "This is more than ten years from now. Choose an earlier day, or Never.")
        if "day" in self.errors:
            return None
        end = datetime.combine(day, time.max, UTC)
        latest = self._now + timedelta(days=tenant.token_max_days or MOST_DAYS)
        return min(end, latest) if day == latest.astimezone(UTC).date() else end


class NewTokenForm(ExpiringForm):
    """What a token of one's own is to be: the tenant is ``chosen``, too."""

    tenant = forms.ChoiceField(
        label="Tenant",
        help_text="It opens this tenant only, with the roles that you have there at the time.",
        error_messages={"required": "Choose a tenant.", "invalid_choice": "Choose one of your tenants."},
    )
    field_order = ("title", "tenant", "expires", "day")

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        tenants: Sequence[Tenant],
        initial: Mapping[str, str],
        check_life: Callable[..., None],
        now: datetime,
    ) -> None:
        self._tenants = {tenant.handle: tenant for tenant in tenants}
        handle = (initial if data is None else data).get("tenant", "")
        if data is None and len(tenants) == 1:
            handle = tenants[0].handle
        self.other_tenants = [each.handle for each in tenants if each.handle != handle]
        tenant = self._tenants.get(handle)
        super().__init__(data, tenant=tenant, initial={**initial, "tenant": handle}, check_life=check_life, now=now)
        own: Any = self.fields["tenant"]
        own.choices = [
            *([] if len(tenants) == 1 else [("", "Choose a tenant")]),
            *((name, name) for name in self._tenants),
        ]
        own.widget.attrs |= {
            "hx-get": reverse("token_new"),
            "hx-target": "#expiry",
            "hx-swap": "outerHTML",
            "hx-include": "[name='expires'], [name='day']",
            "hx-sync": "this:replace",
        }


def _offered(longest: int | None) -> list[tuple[str, str]]:
    """Give the choices of when a token expires, where it is good for so many days at most; None for any number."""
    found = {days: words for days, words in _WORDS.items() if longest is None or days <= longest}
    if longest is not None and longest not in found:
        found[longest] = f"In {longest} day{'' if longest == 1 else 's'}, which is the most here"
    choices = [(str(days), words) for days, words in sorted(found.items())]
    return [*choices, *([] if longest else [(_NEVER, "Never")]), (_DAY, "On a day of your choice")]


class TokenForm(TitleForm):
    """What can be changed of a token."""

    is_active = forms.BooleanField(
        required=False,
        label="Active",
        help_text="An inactive token signs nobody in until it is active again.",
    )


class LongestLifeForm(forms.Form):
    days = NumberField(
        unit="days",
        required=False,
        min_value=1,
        max_value=MOST_DAYS,
        label="At most",
        help_text="For how long a token that is made from now on is good at most. Leave it empty for no limit.",
        error_messages={
            "invalid": "Enter a whole number of days, or nothing.",
            "min_value": "Enter one day or more, or nothing for no limit.",
            "max_value": f"Enter {MOST_DAYS} days at most, or nothing for no limit.",
        },
    )
