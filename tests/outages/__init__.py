"""Bad nights: servers that are away, hang, are full, come back."""
