"""What a report says, one file for each question: its words, tables and figures."""
