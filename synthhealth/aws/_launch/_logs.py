"""The lines that a job writes into CloudWatch."""

from __future__ import annotations

from typing import Any

from synthhealth.aws._launch._clients import DENIED, in_words
from synthhealth.aws._launch._errors import AwsError

__all__ = ["JobLog"]


class JobLog:
    """A job's log, of which each line is read once.

    Parameters
    ----------
    client : boto3 client of CloudWatch Logs
    group : str
        Such as ``"/aws/sagemaker/TrainingJobs"``.
    prefix : str
        What the job's streams begin with, one for each instance.

    Notes
    -----
    Takes ``logs:DescribeLogStreams`` and ``logs:GetLogEvents``. A caller without them sees one line
    that says so, and the job is followed all the same.
    """

    def __init__(self, client: Any, group: str, prefix: str) -> None:
        self._client = client
        self._group = group
        self._prefix = prefix
        self._tokens: dict[str, str] = {}
        self._closed = False

    def new_lines(self) -> list[str]:
        """Return the lines written since the last call, stream by stream."""
        if self._closed:
            return []
        try:
            streams = self._streams()
            several = len(streams) > 1
            return [
                f"[{stream.removeprefix(self._prefix)}] {line}" if several else line
                for stream in streams
                for line in self._of_stream(stream)
            ]
        except AwsError as error:
            if error.code == "ResourceNotFoundException":
                return []  # nothing was written yet
            if error.code in DENIED:
                self._closed = True
                return [f"(the log cannot be shown: {error})"]
            raise

    def _streams(self) -> list[str]:
        names: list[str] = []
        more: dict[str, str] = {}
        while True:
            with in_words("DescribeLogStreams", "logs"):
                answer = self._client.describe_log_streams(
                    logGroupName=self._group, logStreamNamePrefix=self._prefix, **more
                )
            names += [stream["logStreamName"] for stream in answer["logStreams"]]
            if "nextToken" not in answer:
                return sorted(names)
            more = {"nextToken": answer["nextToken"]}

    def _of_stream(self, stream: str) -> list[str]:
        lines: list[str] = []
        while True:
            token = self._tokens.get(stream)
            more = {} if token is None else {"nextToken": token}
            with in_words("GetLogEvents", "logs"):
                answer = self._client.get_log_events(
                    logGroupName=self._group,
                    logStreamName=stream,
                    startFromHead=True,
                    **more,
                )
            lines += [event["message"].rstrip() for event in answer["events"]]
            following = answer["nextForwardToken"]
            self._tokens[stream] = following
            if following == token or not answer["events"]:
                return lines
