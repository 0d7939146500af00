"""Schemas as YAML and JSON files."""
