"""Django's PostgreSQL backend, for servers that go away and come back."""
