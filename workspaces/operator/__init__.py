"""The site at /operator/: what the operator of the installation sees and does.

Tenants, their plans and owners, and people; never anything that a tenant owns. ``site`` says who gets in, ``admin``
what each list shows, ``acts`` and ``forms`` what can be done. The acts themselves are actions of ``places`` and
``people``. Django's admin imports this package, and nothing else does.
"""
