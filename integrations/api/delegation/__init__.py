"""Delegates of integrations, and of folders and connections, whoever made them; of places see ``workspaces/api``."""
