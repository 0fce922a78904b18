"""What may stop a person's change because somebody else was faster; integrations raise these too."""


class ChangedMeanwhileError(Exception):
    """Somebody else changed it since the page was shown; the text, if any, says in a sentence who, what and when."""


class HandleTakenError(Exception):
    """Somebody else took the handle."""
