"""Why a trial was not saved, whatever it is about, in the words of pages and of the API."""

from typing import Final

from integrations.trials import settings_trial

WHY_NOT_SAVED: Final[dict[type[Exception], str]] = {
    settings_trial.UnseenOutcomeError: (
        "What saving would change is different by now. Look at it again below; nothing was saved."
    ),
    settings_trial.SyncUnderWayError: (
        "A sync of this integration is running, and only one of the two can write. Save again when it is done."
    ),
}
