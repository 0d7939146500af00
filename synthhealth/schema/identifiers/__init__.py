"""Identifiers: looked for, taken out or generalised before learning, and faked afterwards."""
