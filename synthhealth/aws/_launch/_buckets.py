"""Whether a bucket may hold what was learned from patients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from synthhealth.aws._launch._places import bucket_of
from synthhealth.aws._launch._sending import DENIED, in_words, make_client
from synthhealth.errors import AwsError, RefusedError

__all__ = ["Bucket", "check_bucket", "check_output"]

#: All four are needed: each closes another way by which a bucket becomes public.
BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


@dataclass(frozen=True)
class Bucket:
    """What could be learned of a bucket.

    Attributes
    ----------
    name : str
    region : str or None
    notes : tuple of str
        What could not be checked, and which permission it takes.
    """

    name: str
    region: str | None
    notes: tuple[str, ...]


def check_bucket(
    name: str, s3: Any = None, *, region: str | None = None, allow_open: bool = False
) -> Bucket:
    """Look whether a bucket exists, lies in the region and is closed to the public.

    Parameters
    ----------
    name : str
    s3 : boto3 client of S3, optional
    region : str, optional
        Region of the job; SageMaker takes only buckets of the same one.
    allow_open : bool, default: False
        Accept a bucket of which not all public access is blocked.

    Returns
    -------
    Bucket

    Raises
    ------
    RefusedError
        It lies elsewhere, or not all public access is blocked.
    AwsError
        It does not exist, or is not one's own.

    Notes
    -----
    Takes ``s3:ListBucket`` and ``s3:GetBucketPublicAccessBlock``, and looks at no object. Where the
    caller has one of the two not, that is noted and not refused.
    """
    buckets = s3 if s3 is not None else make_client("s3", region)
    notes: list[str] = []
    found = _region(buckets, name, notes)
    if region is not None and found is not None and found != region:
        raise RefusedError(
            f"the bucket {name!r} lies in {found}, the job in {region}; SageMaker takes only "
            "buckets of its own region"
        )
    open_ways = _open_ways(buckets, name, notes)
    if open_ways and not allow_open:
        raise RefusedError(
            f"the bucket {name!r} does not block all public access: {', '.join(open_ways)} "
            "is off; block it (aws s3api put-public-access-block), or say that it is blocked for "
            "the account (--allow-open-bucket)"
        )
    return Bucket(name, found, tuple(notes))


def check_output(output: str, *, region: str | None = None, allow_open: bool = False) -> Bucket:
    """Look at the bucket of an S3 address, as `check_bucket` does, for a job of a region.

    Parameters
    ----------
    output : str
        Where a job puts what it makes.
    region : str, optional
        By default that of the environment.
    allow_open : bool, default: False
        As for `check_bucket`.
    """
    s3 = make_client("s3", region)
    return check_bucket(bucket_of(output), s3, region=s3.meta.region_name, allow_open=allow_open)


def _region(buckets: Any, name: str, notes: list[str]) -> str | None:
    try:
        with in_words("ListBucket", "s3"):
            answer = buckets.head_bucket(Bucket=name)
    except AwsError as error:
        if error.code in DENIED:
            notes.append(
                f"the bucket {name!r} could not be looked at: the caller lacks s3:ListBucket, or "
                "the bucket is another account's"
            )
            return None
        if error.code in ("404", "NoSuchBucket"):
            raise AwsError(f"the bucket {name!r} does not exist", error.code) from error
        if error.code in ("301", "PermanentRedirect", "400"):
            raise AwsError(f"the bucket {name!r} lies in another region", error.code) from error
        raise
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    region = answer.get("BucketRegion") or headers.get("x-amz-bucket-region")
    return str(region) if region else None


def _open_ways(buckets: Any, name: str, notes: list[str]) -> list[str]:
    if name.endswith("-s3alias"):
        notes.append(
            f"{name!r} is an access point: whether its bucket is closed to the public could not be "
            "checked"
        )
        return []
    try:
        with in_words("GetBucketPublicAccessBlock", "s3"):
            answer = buckets.get_public_access_block(Bucket=name)
    except AwsError as error:
        if error.code == "NoSuchPublicAccessBlockConfiguration":
            return list(BLOCKS)
        if error.code in DENIED:
            notes.append(
                f"whether the bucket {name!r} is closed to the public could not be checked: the "
                "caller lacks s3:GetBucketPublicAccessBlock"
            )
            return []
        raise
    blocked = answer.get("PublicAccessBlockConfiguration", {})
    return [way for way in BLOCKS if not blocked.get(way, False)]
