"""How a stored integration or connection gets access: its credentials, its options, and what tests found of them."""
