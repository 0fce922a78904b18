"""Tags that lead from the console's pages into the documentation."""
