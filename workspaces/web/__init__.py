"""What pages of all apps share: fragments, pagination, and the confirmation that a deletion asks for.

Views import it; actions do not.
"""
