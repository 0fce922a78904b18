"""What the demo begins with: people and places, an integration with a past, and a mailbox for its letters."""

PASSWORD = "pipes-demo-2026"

# (email, who it is in the demo)
PEOPLE = (
    ("olivia@acme.example", "owner of the tenant acme (Enterprise); its organization ops has an integration already"),
    ("oscar@acme.example", "owner of its organization tnt"),
    ("mia@acme.example", "member of tnt, reader of the workspace fireworks"),
    ("tess@initech.example", "owner of the tenant initech (Team): a stranger to acme"),
    ("dev@hooli.example", "owner of the tenant hooli (Developer: no integrations)"),
    ("operator@pipes.example", "operator of this installation: /operator/ asks for an authenticator app first"),
)


def seed() -> None:
    """Create tenants, organizations, workspaces and people, all or none, unless they exist."""
    from tests.demo import people  # which needs Django to be set up

    people.seed()
