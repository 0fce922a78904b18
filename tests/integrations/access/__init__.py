"""What tests of access have found and read, and what may be made of it."""
