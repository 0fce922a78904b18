"""Notifying people and their systems by email and webhook.

What there is to notify of are the events in ``models.notifications``. ``outbox`` is written with what happened,
``delivery`` sends what waits there, in the words of ``messages``.
"""
