"""The notifications of an integration: emails, webhooks, what was sent; and the pages behind links in emails."""
