"""AWS's events coming in: that something changed in an AWS organization. An event starts a sync and says no more."""
