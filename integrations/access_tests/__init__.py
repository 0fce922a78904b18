"""*Test Discovery* and *Test Connection*: ``request`` asks for one, ``run`` is what the worker does, ``results`` reads.

What asks whether a connection works day by day is in ``health``.
"""
