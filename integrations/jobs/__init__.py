"""What all background work shares: sending for a worker, slots of a tenant, leases, the row of what is under way."""
