"""Less looking for garbage, which took a tenth of the time of the tests: loaded before anything else (pyproject.toml).

Thousands of modules, models and tests stay until the end: they are no garbage, and are not looked through again.
"""

import gc

gc.disable()


def pytest_collection_finish() -> None:
    """Look from here on, at what the tests make, and after tens of thousands of new objects instead of hundreds."""
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)
    gc.enable()
