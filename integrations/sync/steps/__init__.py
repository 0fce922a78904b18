"""What a sync does between its start and its end: read, plan, ask again, write, record."""
