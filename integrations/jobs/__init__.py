"""What all background work shares: sending for a worker, how much of it one tenant runs at once, lost messages."""
