"""A request as it would be sent, and as a person reads it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Request", "digest"]


@dataclass(frozen=True)
class Request:
    """One request to SageMaker; nothing is sent by making it.

    Attributes
    ----------
    operation : str
        As the service calls it, such as ``"CreateTrainingJob"``.
    parameters : mapping
        What boto3's method of this name takes.

    Examples
    --------
    >>> from synthhealth.aws.launch import Request
    >>> print(Request("CreateEndpoint", {"EndpointName": "ra"}).to_json())
    {
      "CreateEndpoint": {
        "EndpointName": "ra"
      }
    }
    """

    operation: str
    parameters: Mapping[str, Any]

    def to_json(self) -> str:
        """Return the request as JSON; the same settings give the same text."""
        return json.dumps({self.operation: self.parameters}, indent=2, ensure_ascii=False)


def digest(content: object, length: int = 10) -> str:
    """Return a short text that is the same for the same content, in any process."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:length]
