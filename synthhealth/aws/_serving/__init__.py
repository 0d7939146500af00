"""What the serving functions are made of: requests in, refusals and answers out."""
