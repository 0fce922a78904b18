"""Everything that knows AWS; boto3 lives here and nowhere else.

No row, no person and no tenant: credentials come in as values, frozen dataclasses and ``errors`` go out.
``discovery`` reads a whole AWS organization into a ``planning.snapshot``, which is all that reconciling knows of it;
``calls`` holds what is true of any one call, ``iac`` makes the files that customers run.
"""
