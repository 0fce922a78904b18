"""An app whose migrations need tables that somebody uses."""
