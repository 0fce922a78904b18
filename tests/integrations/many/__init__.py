"""Acts on many folders and connections at once."""
