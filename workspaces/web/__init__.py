"""What pages of all apps share: fragments, attributes of inputs, and pagination.

Views import it; actions do not.
"""
