"""Preparation of an uploaded CSV with the standard library only: what `preprocess` is made of."""
