"""How long nodes and schemas are kept after they were removed or taken away, and how they go then."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import QuerySet

from connections import sharing
from connections.models import Connection, Folder

# What is removed or taken away comes back as it was if its reason goes within this time.
GRACE: Final = timedelta(days=30)


def forget_removed(before: datetime, *, but: "QuerySet[Any, Any]") -> None:
    """Delete what was removed before this: nodes, whose handles are free again, and schemas; but not these folders."""
    sharing.forget_lost(before=before)
    for model in (Connection, Folder):
        # Locked first: what a sync brings back at this moment is not among them.
        gone = model.objects.select_for_update().filter(removed_at__lte=before)
        if model is Folder:
            gone = gone.exclude(pk__in=but)
        model.objects.filter(pk__in=list(gone.values_list("pk", flat=True))).delete()
