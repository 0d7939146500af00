"""Whether a training job would understand its hyperparameters, told before it starts."""

from __future__ import annotations

from collections.abc import Iterator

from synthhealth.aws._launch._jobs import hyperparameters
from synthhealth.aws._launch._settings import TrainingSettings
from synthhealth.aws._launch._tuning import CategoricalRange, TuningSettings

__all__ = ["check_parameters"]


def check_parameters(settings: TrainingSettings | TuningSettings) -> None:
    """Refuse hyperparameters that the job itself would refuse, once it had started.

    Parameters
    ----------
    settings : TrainingSettings or TuningSettings
        Of a tuning job, the ends of each range are judged.

    Raises
    ------
    ParameterError
        The family or a parameter is unknown here, or a value is of the wrong type or out of its
        bounds.

    Notes
    -----
    Judged by the version of synthhealth and by the families that are installed here; the image may
    hold others.

    Examples
    --------
    >>> from synthhealth.aws.launch import TrainingSettings, check_parameters
    >>> training = TrainingSettings(
    ...     image="123456789012.dkr.ecr.eu-central-1.amazonaws.com/synthhealth:0.1.0",
    ...     role="arn:aws:iam::123456789012:role/synthhealth",
    ...     data="s3://hospital/clean/", output="s3://hospital/models/",
    ...     synthesizer="ctgan", hyperparameters={"step": 300},
    ...     allow_default_key=True, allow_no_vpc=True,
    ... )
    >>> try:
    ...     check_parameters(training)
    ... except ValueError as error:
    ...     print(str(error).partition(";")[0])
    there is no parameter 'step' (did you mean 'steps'?)
    """
    from synthhealth.aws._training._settings import read_settings  # loads pandas

    for values in _sets(settings):
        read_settings(values)


def _sets(settings: TrainingSettings | TuningSettings) -> Iterator[dict[str, str]]:
    if isinstance(settings, TrainingSettings):
        yield hyperparameters(settings)
        return
    fixed = hyperparameters(settings.training)
    for name, tried in settings.ranges.items():
        if isinstance(tried, CategoricalRange):
            ends = tried.values
        else:
            ends = (str(tried.low), str(tried.high))
        for end in ends:
            yield {**fixed, name: end}
