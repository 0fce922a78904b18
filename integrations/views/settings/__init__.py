"""The Config and Advanced tabs, and deleting."""
