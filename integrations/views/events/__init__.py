"""The address that EventBridge calls, and the page that sets it up."""
