"""How sentences of all apps are made: names that others gave, and lengths of time."""
