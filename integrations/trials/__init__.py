"""Settings that are tried before they are saved: other credentials, other accounts, and the preview of a sync.

A trial is read as a sync is, looked at, and then saved with all that it changes, or dropped.
"""
