"""Acts on many folders and connections at once: what a list's form asks for, what that means, and doing it."""
