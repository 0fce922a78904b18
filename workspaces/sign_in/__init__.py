"""Signing in, and what follows from it: the sign-in library's adapter, second factors, sessions.

Here is what makes django-allauth behave as the product says; its pages are in ``templates/account`` and
``templates/mfa``. Forms that outlive a session are here too. What people may do once they are in is decided in
``workspaces.access``.
"""
