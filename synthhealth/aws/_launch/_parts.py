"""The parts that several requests have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from synthhealth.aws._launch._rules import has_local_storage
from synthhealth.aws._launch._settings import APPLICATION, EncryptedSettings, SecuredSettings

__all__ = ["container", "key", "tags", "volume_key", "vpc"]


def tags(settings: EncryptedSettings) -> list[dict[str, str]]:
    """Return the tags, ours first."""
    every = {"application": APPLICATION, **settings.tags}
    return [{"Key": name, "Value": value} for name, value in every.items()]


def vpc(settings: SecuredSettings) -> dict[str, Any]:
    """Return the network, or nothing where there is none of one's own."""
    if not settings.subnets:
        return {}
    return {
        "VpcConfig": {
            "SecurityGroupIds": list(settings.security_group_ids),
            "Subnets": list(settings.subnets),
        }
    }


def key(settings: EncryptedSettings, name: str = "KmsKeyId") -> dict[str, str]:
    """Return the key of what is put into S3, or nothing where AWS's own is enough."""
    return {} if settings.kms_key is None else {name: settings.kms_key}


def volume_key(settings: EncryptedSettings, instance_type: str) -> dict[str, str]:
    """Return the key of an instance's disk, unless the hardware has its own."""
    return {} if has_local_storage(instance_type) else key(settings, "VolumeKmsKeyId")


def container(image: str, model_data: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """Return a container that serves a model: from an archive, or from a folder."""
    if model_data.endswith("/"):
        source: dict[str, Any] = {
            "ModelDataSource": {
                "S3DataSource": {
                    "S3Uri": model_data,
                    "S3DataType": "S3Prefix",
                    "CompressionType": "None",
                }
            }
        }
    else:
        source = {"ModelDataUrl": model_data}
    variables = {"Environment": dict(environment)} if environment else {}
    return {"Image": image, **source, **variables}
