"""Finding folders and connections in all of a tenant that somebody may open; the search of one tree is tree_listing."""
