"""Why something is not sent to AWS, or why AWS did not do it."""

from __future__ import annotations

from synthhealth.errors import ParameterError, SynthHealthError

__all__ = ["AwsError", "LaunchError", "RefusedError", "SettingsError"]


class LaunchError(SynthHealthError):
    """Something cannot be launched on AWS, followed there or deleted."""


class SettingsError(LaunchError, ParameterError):
    """A setting is malformed, two of them contradict each other, or one is missing.

    Examples
    --------
    >>> from synthhealth.aws.launch import SettingsError, TransformSettings
    >>> try:
    ...     TransformSettings(
    ...         model_name="ra", input="s3:/hospital/requests/", output="s3://hospital/rows/",
    ...         allow_default_key=True,
    ...     )
    ... except SettingsError as error:
    ...     print(error)
    input: 's3:/hospital/requests/' is no S3 address; write s3://bucket/key
    """


class RefusedError(LaunchError, ValueError):
    """A request is not sent, since AWS would refuse it or it would not be safe."""


class AwsError(LaunchError, RuntimeError):
    """AWS did not do what it was asked for.

    Attributes
    ----------
    code : str
        AWS's own code, such as ``"AccessDeniedException"``, or boto3's where no answer came, such
        as ``"EndpointConnectionError"``.
    """

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code
