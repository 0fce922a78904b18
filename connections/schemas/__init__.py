"""What a workspace has of the tree: the schemas in use, their names, conflicts between them, and aggregators.

Computed when it is read, from what was added to the workspace and what grants cover. ``workspace_tree`` is the tree as
a workspace may use it, ``workspace_uses`` answers the other way round: which workspaces use something.
"""
