"""An object that appears in its bucket whole or not at all."""

from __future__ import annotations

from types import TracebackType
from typing import Any

__all__ = ["PART_BYTES", "WholeObject"]

#: S3 takes 10,000 parts of 5 MiB or more: 80 GB.
PART_BYTES = 8 << 20


class WholeObject:
    """Collects chunks, and puts them in place when told to.

    Small objects are put at once; larger ones are sent in parts, which S3 shows to nobody before
    the upload is completed. Leaving the ``with`` block without `finish` takes the parts back.

    Parameters
    ----------
    client
        A boto3 client of S3.
    target : dict
        ``Bucket``, ``Key`` and whatever else the object is to have, such as its encryption.
    """

    def __init__(self, client: Any, target: dict[str, str]) -> None:
        self._client = client
        self._target = target
        self._place = {name: target[name] for name in ("Bucket", "Key")}
        self._held = bytearray()
        self._upload: str | None = None
        self._parts: list[dict[str, Any]] = []

    def __enter__(self) -> WholeObject:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._upload is not None:
            self._client.abort_multipart_upload(**self._place, UploadId=self._upload)
            self._upload = None

    def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._held += chunk
        while len(self._held) >= PART_BYTES:
            self._send(bytes(self._held[:PART_BYTES]))
            del self._held[:PART_BYTES]

    def finish(self) -> None:
        """Make the object appear."""
        if self._upload is None:
            self._client.put_object(**self._target, Body=bytes(self._held))
            return
        if self._held:
            self._send(bytes(self._held))
        self._client.complete_multipart_upload(
            **self._place, UploadId=self._upload, MultipartUpload={"Parts": self._parts}
        )
        self._upload = None

    def _send(self, part: bytes) -> None:
        if self._upload is None:
            started = self._client.create_multipart_upload(**self._target)
            self._upload = started["UploadId"]
        number = len(self._parts) + 1
        sent = self._client.upload_part(
            **self._place, UploadId=self._upload, PartNumber=number, Body=part
        )
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})
