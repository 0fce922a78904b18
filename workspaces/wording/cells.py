"""Cells of files for spreadsheets."""

from typing import Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def plain(cell: str) -> str:
    """Keep a spreadsheet from taking text for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
