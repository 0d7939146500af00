"""What the columns of a table are: kinds and units, detected and checked against a table."""

from synthhealth.schema._schema import Column, Kind, Schema

__all__ = ["Column", "Kind", "Schema"]
