"""What a step of the wizard is: everything that the wizard knows of one stands in that step's file."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from integrations.forms.settings import SettingsForm
from integrations.models import AccessTest, Draft
from integrations.planning.handle_prefix import Example
from integrations.planning.selection_tree import Outline, Verb

UrlOf = Callable[[str], str]  # of a file of the draft


class Step(ABC):
    """One step: ``slug`` names its URL and template, ``title`` stands in the rail, ``heading`` on its page.

    A step that ``tests`` something has the buttons *Test …* and *Rotate*, for the external id that is used there;
    one that ``has_tree`` has those of the tree in which accounts are ticked.
    """

    slug: ClassVar[str]
    title: ClassVar[str]
    heading: ClassVar[str]
    tests: ClassVar[AccessTest.Kind | None] = None
    has_tree: ClassVar[bool] = False

    @abstractmethod
    def form(self, draft: Draft, data: Any = None) -> SettingsForm:
        """Make its form, which puts what is valid back onto the draft."""

    def context(self, draft: Draft, url_of: UrlOf, test: AccessTest | None) -> dict[str, Any]:
        """Give what its template shows but for the form; ``test`` is the newest one of what the step tests."""
        return {}

    def stored(self, draft: Draft) -> dict[str, Any] | None:
        """Give what its form has to judge anew when the page is only looked at; None where nothing can have changed."""
        return None

    def example(self, form: SettingsForm, name: str) -> Example | None:
        """Say what a valid value does in a field that is being typed; None where there is nothing to say."""
        return None

    def has_to_be_done_again(self, draft: Draft) -> bool:
        """Whether what was entered here may not be used any more, for something that was found or entered since."""
        return False

    def refuses(self, form: SettingsForm) -> bool:
        """Whether *Next* is refused, with an error on the form, though all that was entered is valid."""
        return False

    def outline(self, draft: Draft) -> Outline | None:
        """Give the tree in which something is ticked here, if there is one."""
        return None

    def choose(self, draft: Draft, verb: Verb, source_id: str) -> None:
        """Put onto the draft what is chosen when something in the tree is ticked or unticked; nothing is saved here."""
        before = self.outline(draft)
        if before is not None:
            draft.selection = before.after(verb, source_id).selection.stored
