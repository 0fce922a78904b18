"""People → Service accounts: those of a tenant or an organization, and their tokens, for its owners."""
