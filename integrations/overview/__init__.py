"""What an owner wants to know of all integrations at and below a place: what waits for them, and what has changed.

Read anew for each page, in a number of statements that depends neither on integrations nor on accounts.
"""
