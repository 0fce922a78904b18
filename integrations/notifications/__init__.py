"""Telling people and their systems: an outbox that is written with what happened, and a sender that empties it."""
