"""What all background work shares: sending for a worker, places of a tenant, leases, the row of what is under way."""
