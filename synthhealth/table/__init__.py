"""The plain table that a model learns: the way there from the user's table, and back."""
