"""How the installation is: health, metrics, logs, reports of errors, and the operator's Installation page.

Nothing of what tenants own is read here but the state of the work that waits in the database.
"""
