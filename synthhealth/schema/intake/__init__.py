"""The gate of every table: columns of what pandas can hold become plain ones, or are refused."""

from synthhealth.schema.intake._tables import plain_columns, plain_table

__all__ = ["plain_columns", "plain_table"]
