"""The background programs: the worker with its lanes, and beat. What their tasks do is in ``integrations``."""
