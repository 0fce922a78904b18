"""The Delegates page of a thing: who may do what to it, since when and from where; add and remove."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from workspaces.access import Access
from workspaces.database import at_most_one
from workspaces.delegation.rows import table_of
from workspaces.delegation.verbs import VERBS_OF, WORDS, Verb
from workspaces.forms.delegates import DelegateForm
from workspaces.models import User
from workspaces.people import delegates
from workspaces.web.inputs import key_in
from workspaces.wording.names import isolated


def delegates_page(
    request: HttpRequest,
    access: Access,
    thing: Model,
    template: str,
    frame: Mapping[str, object],
    *,
    above: Sequence[Model] = (),
) -> HttpResponse:
    """Show the delegates of a thing in its frame; posted, add one or take something from one.

    ``above`` are the folders that it is in, which hand down what is delegated of them.
    """
    verbs = VERBS_OF[table_of(thing).kind()]
    is_addition = request.method == "POST" and request.POST.get("do") != "end"
    form = DelegateForm(request.POST if is_addition else None, scope=access.scope, verbs=verbs)
    if request.method == "POST" and not is_addition:
        return _end(request, access, thing)
    if is_addition and form.is_valid() and form.user:
        given = delegates.delegate(access=access, thing=thing, user=form.user, verbs=form.cleaned_data["verbs"])
        said = f"{isolated(form.user)} may now {_joined(given)}." if given else f"{isolated(form.user)} may already."
        messages.success(request, said)
        return redirect(request.path)
    return render(request, template, {**frame, **card(thing, above), "form": form})


def card(thing: Model, above: Sequence[Model] = ()) -> dict[str, Any]:
    """Make what the list of a thing's delegates needs."""
    return {"delegates": [(one, WORDS[one.verb]) for one in delegates.delegates_of(thing, above)]}


def _end(request: HttpRequest, access: Access, thing: Model) -> HttpResponse:
    user = at_most_one(User.objects.filter(pk=key_in(request.POST.get("user")) or 0))
    verbs = [verb for verb in Verb if verb == request.POST.get("verb")]
    ended = delegates.end(access=access, thing=thing, user=user, verbs=verbs) if user else []
    if user and ended:
        messages.success(request, f"{isolated(user)} may no longer {_joined(ended)}.")
    else:
        messages.info(request, "That was taken away already.")
    return redirect(request.path)


def _joined(verbs: Sequence[Verb]) -> str:
    return "; ".join(WORDS[verb] for verb in verbs)
