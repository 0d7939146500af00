"""Cells as they are written: read into numbers, dates and levels, and written back."""
