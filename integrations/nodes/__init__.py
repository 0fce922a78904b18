"""Changing one folder or connection: those that an integration manages, and AWS connections made by hand."""
