"""The upgrade drill: an earlier version serves while the database moves on, is replaced piece by piece, and comes back.

Not a test of the suite, for it takes minutes: ``./console upgrade-drill`` runs it. It belongs before each release, and
after each change of the schema that somebody doubts.
"""
