"""How a stored integration or connection gets access: its credentials for AWS, and the options that hold for it."""
