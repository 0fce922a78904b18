"""What is true of any one call to AWS: when it may be sent, what its errors mean, and when it is tried again."""
