"""What is a bucket's name and an S3 address, and what only looks like one."""

from __future__ import annotations

import ipaddress
import re

__all__ = ["MAX_ADDRESS", "address_problem", "bucket_of", "bucket_problem"]

MAX_ADDRESS = 1024
_SCHEME = "s3://"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("--ol-s3", ".mrap", "--x-s3", "--table-s3")


def bucket_problem(name: str) -> str | None:
    """Tell what is wrong with the name of a bucket, by S3's own rules; None if nothing is."""
    if _BUCKET.fullmatch(name) is None:
        return (
            f"{name!r} is not a valid bucket name: 3 to 63 small letters, digits, dots and "
            "hyphens, beginning and ending with a letter or a digit"
        )
    if ".." in name or _is_ip(name):
        return f"{name!r} is not a valid bucket name: no two dots side by side, no IP address"
    if name.startswith(_RESERVED_STARTS) or name.endswith(_RESERVED_ENDS):
        return f"{name!r} is not a valid bucket name: S3 keeps its beginning or end for itself"
    return None


def address_problem(address: str) -> str | None:
    """Tell what is wrong with an S3 address; None if nothing is."""
    if not address.startswith(_SCHEME):
        return f"{address!r} is no S3 address; write s3://bucket/key"
    bucket, _, key = address[len(_SCHEME) :].partition("/")
    if problem := bucket_problem(bucket):
        return problem
    if key.startswith("/"):
        return f"{address!r} has two slashes after the bucket; write s3://{bucket}/key"
    if not key.isprintable():
        return "the key of this S3 address holds a line break or another character without a sign"
    if len(address) > MAX_ADDRESS or len(key.encode(errors="surrogatepass")) > MAX_ADDRESS:
        return f"the S3 address is too long; at most {MAX_ADDRESS} characters"
    return None


def bucket_of(address: str) -> str:
    """Return the bucket of an S3 address."""
    return address[len(_SCHEME) :].partition("/")[0]


def _is_ip(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return True
