"""The verbs of AWS, which the command line takes in as ``synthhealth aws``.

What speaks with AWS is imported inside the verbs: neither ``synthhealth --help`` nor
``synthhealth aws --help`` needs boto3.
"""

from synthhealth.cli import _aws_start as _aws_start  # isort: split

from synthhealth.cli import _aws_after as _aws_after
from synthhealth.cli._aws_common import aws

__all__ = ["aws"]
