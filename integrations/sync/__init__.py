"""Syncs: ``schedule`` and ``dispatcher`` say when each starts, ``run`` is one of them, ``mirror`` writes the tree.

What a sync decides is in ``planning``, what it reads in ``aws.discovery``.
"""
