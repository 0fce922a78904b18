"""What inputs show beside themselves."""

from django import forms
from django.template import Context, Template

from workspaces.web.inputs import NumberField


class Form(forms.Form):
    """A number of something, and one of nothing."""

    delay = NumberField(unit="milliseconds", help_text="At least 1.")
    page = forms.IntegerField()


def shown(name: str) -> str:
    return Template("{% field bound %}").render(Context({"bound": Form()[name]}))


def test_a_number_is_followed_by_what_it_counts() -> None:
    html = shown("delay")
    assert 'id="id_delay-unit">milliseconds<' in html
    assert 'aria-describedby="id_delay-unit id_delay-help id_delay-status"' in html
    assert "-unit" not in shown("page")
