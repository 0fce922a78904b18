"""How long invitations and an operator's looks into a tenant last. Sessions last as the settings say.

What people and places are is kept until it is deleted by somebody, and audit logs for good.
"""

from datetime import timedelta
from typing import Final

INVITATION: Final = timedelta(days=7)  # since it was last sent
SUPPORT_ACCESS: Final = timedelta(hours=1)  # which the database holds too: another time needs a migration
