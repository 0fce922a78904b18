"""Deciding, without asking anybody: facts in, a plan and its words out.

Pure: no database, no clock, no network, no random. A snapshot and a tree are enough to test each rule alone.
"""
