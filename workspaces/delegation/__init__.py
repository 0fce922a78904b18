"""Delegation: verbs on single objects, given to a member who is no owner there. Kept by django-guardian.

What a role gives stands in ``workspaces/access.py``, which asks here only where the role is not enough.
"""
