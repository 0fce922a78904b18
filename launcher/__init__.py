"""What `./console` does. Only the standard library: it runs before anything is installed."""
