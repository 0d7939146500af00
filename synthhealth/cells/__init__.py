"""How a cell is written: numbers, dates, words for missing, identifiers."""
