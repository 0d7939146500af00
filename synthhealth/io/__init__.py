"""Tables in and out of files, and files that are written whole or not at all.

CSV (also ``.tsv``, ``.txt`` and gzipped), Parquet and Excel, chosen by the file's suffix; files of
SPSS, SAS and Stata, old Excel's, OpenDocument sheets and a table in a ``.zip`` are read. A table
can be written in the form in which another one was read: `sniff`, `FileForm`. Every
failure is a `FileError` that names the file, says what is wrong and how to mend it, and shows
nothing of the file's content (where a CSV lacks its header, even a column name is a patient's
value).
"""

from synthhealth.io.chunks import write_chunks
from synthhealth.io.files import check_target, whole_file, whole_folder
from synthhealth.io.form import FileForm
from synthhealth.io.tables import (
    SUFFIXES,
    read_table,
    read_with_form,
    sniff,
    table_suffix,
    write_table,
    written_suffix,
)
from synthhealth.io.workspace import is_workspace, scratch_folder, settle

__all__ = [
    "SUFFIXES",
    "FileForm",
    "check_target",
    "is_workspace",
    "read_table",
    "read_with_form",
    "scratch_folder",
    "settle",
    "sniff",
    "table_suffix",
    "whole_file",
    "whole_folder",
    "write_chunks",
    "write_table",
    "written_suffix",
]
