"""Telling people and their systems: ``outbox`` is written with what happened, ``delivery`` sends what waits there."""
