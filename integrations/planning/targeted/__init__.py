"""Targeted syncs: what an event hints at, what AWS says of just that, and whether that fits the tree. Pure."""
