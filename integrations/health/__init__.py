"""Whether each connection works: ``policy`` judges, ``schedule`` says when the next test is due.

Workers test in ``batches``, each of one tenant; ``run`` is one of them, and ``request`` asks for one at once. Tests
that somebody asks for with a button are in ``access_tests``.
"""
