"""Pages of tokens: of one's own in all of one's tenants, and of everybody's in a tenant for its owners."""
