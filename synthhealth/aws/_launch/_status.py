"""A job or an endpoint is followed until it has ended or serves, with the lines of its log."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from synthhealth.aws._launch._request import Request
from synthhealth.aws._launch._sending import DENIED, in_words, make_client, method_name, passes
from synthhealth.errors import AwsError, LaunchError

__all__ = ["KINDS", "JobLog", "Kind", "Outcome", "describe", "follow", "status_request"]


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


Kind = Literal["training", "processing", "transform", "tuning", "endpoint"]
KINDS: tuple[Kind, ...] = get_args(Kind)

FAILED, STOPPED = 1, 3
#: Questions in a row that may remain without an answer, before following is given up.
PATIENCE = 20


@dataclass(frozen=True)
class _Way:
    """How a kind of work is asked about."""

    thing: str
    log_group: str | None
    done: str = "Completed"
    failed: frozenset[str] = frozenset({"Failed"})
    stopped: frozenset[str] = frozenset({"Stopped"})

    @property
    def operation(self) -> str:
        return f"Describe{self.thing}"


_WAYS: Mapping[Kind, _Way] = {
    "training": _Way("TrainingJob", "/aws/sagemaker/TrainingJobs"),
    "processing": _Way("ProcessingJob", "/aws/sagemaker/ProcessingJobs"),
    "transform": _Way("TransformJob", "/aws/sagemaker/TransformJobs"),
    "tuning": _Way("HyperParameterTuningJob", None, failed=frozenset({"Failed", "DeleteFailed"})),
    "endpoint": _Way(
        "Endpoint",
        None,
        done="InService",
        failed=frozenset({"Failed", "UpdateRollbackFailed", "OutOfService"}),
        stopped=frozenset({"Deleting"}),
    ),
}


@dataclass(frozen=True)
class Outcome:
    """What is known of a job or an endpoint.

    Attributes
    ----------
    kind : str
    name : str
    status : str
        AWS's word, such as ``"InProgress"`` or ``"Completed"``.
    reason : str
        Why it failed, or what AWS says of it; may be empty.
    model_data : str or None
        Where a training has put its model.
    metrics : dict of str to float
        The last value of each figure.
    billable_seconds : int or None
    """

    kind: Kind
    name: str
    status: str
    reason: str = ""
    model_data: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    billable_seconds: int | None = None

    @property
    def exit_code(self) -> int | None:
        """0 done, 1 failed, 3 stopped before its end; None while it goes on."""
        way = _WAYS[self.kind]
        if self.status == way.done:
            return 0
        if self.status in way.failed:
            return FAILED
        return STOPPED if self.status in way.stopped else None

    def summary(self) -> str:
        """Say it in a few lines."""
        lines = [f"{self.kind} {self.name}: {self.status}"]
        if self.reason:
            lines.append(f"  {self.reason}")
        lines += [f"  {name} = {value:.6g}" for name, value in sorted(self.metrics.items())]
        if self.billable_seconds is not None:
            lines.append(f"  charged: {self.billable_seconds:,} seconds")
        if self.model_data:
            lines.append(f"  model: {self.model_data}")
        return "\n".join(lines)


def status_request(name: str, kind: Kind | None = None) -> Request:
    """Make the request that asks for a job or an endpoint; by default a training job.

    Parameters
    ----------
    name : str
    kind : str, optional
    """
    way = _WAYS[kind or "training"]
    return Request(way.operation, {f"{way.thing}Name": name})


def describe(
    name: str, kind: Kind | None = None, client: Any = None, *, region: str | None = None
) -> tuple[Outcome, Mapping[str, Any]]:
    """Ask once for a job or an endpoint.

    Parameters
    ----------
    name : str
    kind : str, optional
        By default every kind is tried, jobs first.
    client, region
        As for `send`.

    Returns
    -------
    Outcome
    mapping
        AWS's own answer.

    Raises
    ------
    LaunchError
        There is nothing of this name.
    """
    sagemaker = client if client is not None else make_client("sagemaker", region)
    for one in KINDS if kind is None else (kind,):
        way = _WAYS[one]
        try:
            with in_words(way.operation):
                method = getattr(sagemaker, method_name(way.operation))
                answer = method(**{f"{way.thing}Name": name})
        except AwsError as error:
            if _is_absent(error):
                continue
            raise
        return _outcome(one, name, answer), answer
    wanted = "job or endpoint" if kind is None else f"{kind} job" if kind != "endpoint" else kind
    raise LaunchError(f"there is no {wanted} of the name {name!r} in this region")


def follow(
    name: str,
    kind: Kind | None = None,
    *,
    client: Any = None,
    logs: Any = None,
    region: str | None = None,
    on_line: Callable[[str], None] | None = None,
    poll_seconds: float = 15,
    max_seconds: float | None = None,
) -> Outcome:
    """Follow a job to its end, or an endpoint until it serves.

    Parameters
    ----------
    name : str
    kind : str, optional
        ``"training"``, ``"processing"``, ``"transform"``, ``"tuning"`` or ``"endpoint"``.
    client, logs : boto3 clients of SageMaker and of CloudWatch Logs, optional
    region : str, optional
        Of the default clients.
    on_line : callable, optional
        Gets each change of status and each line of the job's log.
    poll_seconds : float, default: 15
        Seconds between two questions.
    max_seconds : float, optional
        Seconds after which following ends; the job itself goes on.

    Returns
    -------
    Outcome
    """
    tell = on_line if on_line is not None else _nothing
    sagemaker = client if client is not None else make_client("sagemaker", region)
    outcome, answer = describe(name, kind, sagemaker)
    way = _WAYS[outcome.kind]
    log = None
    if way.log_group is not None:
        reader = logs if logs is not None else make_client("logs", region)
        log = JobLog(reader, way.log_group, f"{name}/")
    begin, told, unanswered = time.monotonic(), 0, 0
    shown = ""
    while True:
        for step in _steps(answer)[told:]:
            told += 1
            tell(step)
        if outcome.status != shown:
            shown = outcome.status
            tell(f"{outcome.kind} {name}: {shown}")
        try:
            for line in () if log is None else log.new_lines():
                tell(line)
            late = max_seconds is not None and time.monotonic() - begin >= max_seconds
            if outcome.exit_code is not None or late:
                return outcome
            time.sleep(poll_seconds)
            outcome, answer = describe(name, outcome.kind, sagemaker)
            unanswered = 0
        except AwsError as error:
            unanswered += 1
            if not passes(error) or unanswered > PATIENCE:
                raise AwsError(f"{error} ({name} itself goes on)", error.code) from error
            tell(f"({error})")
            time.sleep(poll_seconds)


def _outcome(kind: Kind, name: str, answer: Mapping[str, Any]) -> Outcome:
    reason = answer.get("FailureReason") or answer.get("ExitMessage") or ""
    return Outcome(
        kind=kind,
        name=name,
        status=str(answer.get(f"{_WAYS[kind].thing}Status", "Unknown")),
        reason=str(reason),
        model_data=answer.get("ModelArtifacts", {}).get("S3ModelArtifacts"),
        metrics={
            str(one["MetricName"]): float(one["Value"])
            for one in answer.get("FinalMetricDataList", ())
        },
        billable_seconds=answer.get("BillableTimeInSeconds"),
    )


def _steps(answer: Mapping[str, Any]) -> list[str]:
    return [
        f"{step['Status']}: {step.get('StatusMessage', '')}".rstrip(": ")
        for step in answer.get("SecondaryStatusTransitions", ())
    ]


def _is_absent(error: AwsError) -> bool:
    if error.code in ("ResourceNotFound", "ResourceNotFoundException"):
        return True
    said = str(error).lower()
    absent = ("could not find", "not found", "does not exist")
    return error.code in ("ValidationException", "ValidationError") and any(
        words in said for words in absent
    )


def _nothing(line: str) -> None:
    pass
