"""Template tags of the console, built in so that no template loads them."""
