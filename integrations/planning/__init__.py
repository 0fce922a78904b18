"""Deciding, without asking anybody: facts in, a plan and its words out.

Pure: no database, no clock, no network, no random. Whoever has a snapshot and a tree can test each rule here alone.
"""
