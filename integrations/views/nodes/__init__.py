"""Settings of single folders and connections."""
