"""Integrations: links to AWS organizations, the syncs that keep their trees true, and all that is set about them.

Each noun has a folder here, and the same noun in ``forms``, ``views`` and ``templates/integrations``. What is set is in
``models``, what is decided without asking anybody in ``planning``, everything that knows AWS in ``aws``, how long each
thing is kept in ``retention``. Modules called ``run`` are what a worker does; ``tasks`` starts them, and pages never
import them.
"""
