"""Whether each connection works: ``policy`` judges, ``schedule`` says when tests are due, ``request`` hurries
them, ``run`` tests a batch.

Tests that somebody asks for with a button are in ``access_tests``.
"""
