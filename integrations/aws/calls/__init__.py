"""What is true of any one call to AWS: when it may be sent, what people are told of its errors, when it is retried."""
