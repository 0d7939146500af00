"""Reading and writing single cells; the standard library is enough for it."""
