"""Settings on trial, as pages follow and show them; and the tree in which accounts are ticked."""
