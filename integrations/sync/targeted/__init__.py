"""Syncs that follow events: which kind of sync is due, what it looks at, and when an event has been seen."""
