"""What makes the figures of docs/performance.md: our way and its alternatives, in one run on one machine.

Only ratios carry over to another machine. Nothing here is a test: a slow machine breaks nothing.
"""
