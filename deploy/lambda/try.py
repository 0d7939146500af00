"""Try the handler here, without an account.

    python deploy/lambda/try.py [TABLE.csv SCHEMA.json]

The event is ``event.json``, as EventBridge sends it for an upload. S3 is moto's, in this process
(``pip install 'moto[s3]'``). Without a table of your own the demonstration cohort is uploaded.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import boto3
from moto import mock_aws

import synthhealth as sh

HERE = Path(__file__).parent


def demonstration() -> tuple[Path, Path]:
    """Write the demonstration cohort and its schema."""
    folder = Path(tempfile.mkdtemp())
    table = sh.datasets.load_ra_panel()
    sh.write_table(table, folder / "panel.csv")
    sh.Schema.detect(table).to_file(folder / "schema.json")
    return folder / "panel.csv", folder / "schema.json"


def main(table: Path, schema: Path) -> None:
    """Put both into a bucket, let the handler work on the event, and show what it left."""
    os.environ.update(AWS_ACCESS_KEY_ID="none", AWS_SECRET_ACCESS_KEY="none")
    os.environ.update(AWS_DEFAULT_REGION="us-east-1")
    sys.path.insert(0, str(HERE))
    event = json.loads((HERE / "event.json").read_text(encoding="utf-8"))
    bucket, key = event["detail"]["bucket"]["name"], event["detail"]["object"]["key"]
    with mock_aws():
        from handler import handler

        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="schema.json", Body=schema.read_bytes())
        s3.put_object(Bucket=bucket, Key=key, Body=table.read_bytes())
        sys.stdout.write(f"{json.dumps(handler(event, None))}\n")
        for one in s3.list_objects_v2(Bucket=bucket)["Contents"]:
            sys.stdout.write(f"{one['Size']:8,} bytes  {one['Key']}\n")


if __name__ == "__main__":
    main(*([Path(one) for one in sys.argv[1:3]] or demonstration()))
