"""Who is notified of what about an integration: emails, webhooks, and what was sent; a secret is in one answer only."""
