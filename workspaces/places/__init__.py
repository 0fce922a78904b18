"""Places, which are tenants, organizations and workspaces: making, finding and deleting them, and their members.

Actions are transactions that write one audit event each. Who may call them is decided in ``workspaces.access``.
"""
