"""The tree as pages show it: one level at a time, or what matches a search; never the whole of it.

Every function is set-based: the number of statements depends neither on how many rows there are, nor on how deep or
wide the tree is. How many connections are below a folder is not counted but summed up (``numbers``).
"""

from connections.tree_listing.numbers import HealthCounts, count_health
from connections.tree_listing.rows import (
    Listing,
    Order,
    Row,
    are_many,
    children,
    fill_in_places,
    line_to,
    matches,
    search,
)

__all__ = [
    "HealthCounts",
    "Listing",
    "Order",
    "Row",
    "are_many",
    "children",
    "count_health",
    "fill_in_places",
    "line_to",
    "matches",
    "search",
]
