"""What each column is, proposed from its values, with reasons and doubts."""
