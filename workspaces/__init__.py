"""People and places: who signs in, where they belong, what they may do, and the walls between tenants.

Rules that all apps stand on have a module here: ``access`` (who may do what), ``scoping`` (which view is for whom),
``isolation`` (the wall in the database), ``handles``, ``encryption``, ``audit``. What is about folders and connections
belongs to ``connections``, what is about AWS to ``integrations``; nothing here imports them.
"""
