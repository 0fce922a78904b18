"""Reading the AWS organization to look at what that would change: the preview of a sync, and choosing accounts."""
