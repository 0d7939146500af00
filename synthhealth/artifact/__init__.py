"""The saved synthesizer.

`inspect` says what is inside a file, and `scan` searches it for the patients of a table. `verify`
checks its content, signature, samples and fit; `sign` signs it, with a key that `new_key` makes.
`table_digest` is the keyed hash of a table, under a key that `read_key` reads, and `sample_digest`
the plain one of a synthetic table. `json_schema` describes the members of the file. Synthesizers
are written by `synthhealth.Synthesizer.save` and read by `synthhealth.load`.
"""

from synthhealth.artifact.digest import read_key, sample_digest, table_digest
from synthhealth.artifact.inspection import ColumnInside, Inspection, inspect
from synthhealth.artifact.leaks.result import Finding, LeakScan
from synthhealth.artifact.leaks.search import scan
from synthhealth.artifact.members import json_schema
from synthhealth.artifact.signature import Signature, new_key, sign
from synthhealth.artifact.verification import Check, Verification, verify

__all__ = [
    "Check",
    "ColumnInside",
    "Finding",
    "Inspection",
    "LeakScan",
    "Signature",
    "Verification",
    "inspect",
    "json_schema",
    "new_key",
    "read_key",
    "sample_digest",
    "scan",
    "sign",
    "table_digest",
    "verify",
]
