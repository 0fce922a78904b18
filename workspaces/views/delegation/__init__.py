"""Delegates: who may do what to one thing, for its owners; the same page for each kind of thing."""
