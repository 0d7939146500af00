"""The saved synthesizer."""

from synthhealth.artifact._digest import read_key, sample_digest, table_digest
from synthhealth.artifact._format import load, save
from synthhealth.artifact._inspect import ColumnInside, Inspection, inspect
from synthhealth.artifact._scan._result import Finding, LeakScan
from synthhealth.artifact._scan._search import scan
from synthhealth.artifact._schema_file import json_schema
from synthhealth.artifact._signature import Signature, new_key, sign
from synthhealth.artifact._verify import Check, Verification, verify

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
    "load",
    "new_key",
    "read_key",
    "sample_digest",
    "save",
    "scan",
    "sign",
    "table_digest",
    "verify",
]
