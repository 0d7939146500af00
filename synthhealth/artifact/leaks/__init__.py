"""The search for patients in saved models."""
