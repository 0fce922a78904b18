"""Whether each connection works: ``policy`` judges, ``schedule`` says when tests are due, ``run`` tests a batch.

Tests that somebody asks for with a button are in ``access_tests``.
"""
