"""Changing what is set about an integration, and deleting it. Credentials and accounts go through ``trials``."""
