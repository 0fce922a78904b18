"""People: asking them to a place by email, and their accounts as the operator changes them.

Who belongs where, and as what, is in ``places.members``; signing in is in ``sign_in``.
"""
