"""The tree: folders, connections, who may use them, and what workspaces have of them.

``sharing`` is the only home of what a grant covers, ``tree`` of paths, ``manual_nodes`` of what people make by hand,
``retention`` of how long removed nodes wait for their return. Nothing here calls AWS or knows of syncs, which are in
``integrations``; that may import all of this.
"""
