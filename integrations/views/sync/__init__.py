"""Processes: the runs of an integration, and what each of them changed."""
