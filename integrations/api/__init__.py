"""The API of integrations and of their syncs; ``workspaces.api`` says how routes are declared.

``config`` reads and writes the settings as programs know them. Nothing here calls AWS.
"""
