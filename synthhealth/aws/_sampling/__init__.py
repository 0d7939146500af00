"""What the sampling job is made of: its hosts, its model, its files."""
