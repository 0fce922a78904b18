"""Forms of people and places; they validate, actions write. Views import them, and nothing else does."""
