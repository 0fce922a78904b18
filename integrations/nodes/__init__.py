"""One folder or connection: changing it, whether an integration manages it or it was made by hand, and who uses it."""
