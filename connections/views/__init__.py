"""Pages of folders and connections."""
