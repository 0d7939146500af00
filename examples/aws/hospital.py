"""What the scripts of this folder share: the hospital's account, and how a request is sent.

Replace the values by your own. With ``--dry-run`` a script prints what it would send, and needs
neither account nor network.
"""

from __future__ import annotations

import sys

from synthhealth.aws import launch

BUCKET = "hospital"
IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/synthhealth:0.1.0"
REGION = "eu-central-1"
TRAINING_ROLE = "arn:aws:iam::123456789012:role/synthhealth-training"
SERVING_ROLE = "arn:aws:iam::123456789012:role/synthhealth-serving"
SAFE = {
    "kms_key": "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "subnets": ["subnet-0a1b2c3d"],
    "security_group_ids": ["sg-0a1b2c3d"],
    "tags": {"project": "rheumatology"},
}
MODEL = f"s3://{BUCKET}/models/ra/output/model.tar.gz"
ENDPOINT = "ra-cohort"


def is_dry_run() -> bool:
    return "--dry-run" in sys.argv[1:]


def send(*requests: launch.Request) -> None:
    """Judge the requests, then print or send them."""
    for request in requests:
        launch.check(request)
        if is_dry_run():
            print(request.to_json())
    if not is_dry_run():
        launch.send_all(requests, region=REGION)
        print(f"sent: {', '.join(request.operation for request in requests)}")
