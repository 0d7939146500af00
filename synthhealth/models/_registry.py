"""Finding a model family by its name."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points

from synthhealth.errors import ParameterError
from synthhealth.models._parameters import nearest
from synthhealth.models.base import Model

__all__ = ["available", "get"]

#: Third-party families register under this group in their own package's metadata.
ENTRY_POINTS = "synthhealth.models"

_BUILT_IN = {
    "copula_gan": ("synthhealth.models.copula_gan", "CopulaGANModel"),
    "ctgan": ("synthhealth.models.ctgan", "CTGANModel"),
    "gaussian_copula": ("synthhealth.models.gaussian_copula", "GaussianCopulaModel"),
    "tvae": ("synthhealth.models.tvae", "TVAEModel"),
}


def available() -> tuple[str, ...]:
    """Give the names of all model families: our own and those of installed third parties.

    Examples
    --------
    >>> import synthhealth as sh
    >>> sh.models.available()
    ('copula_gan', 'ctgan', 'gaussian_copula', 'tvae')
    """
    third_parties = {point.name for point in entry_points(group=ENTRY_POINTS)}
    return tuple(sorted(_BUILT_IN.keys() | third_parties))


def get(name: str) -> type[Model]:
    """Give the class of a model family.

    Raises
    ------
    ParameterError
        No family has this name.
    """
    if name in _BUILT_IN:
        module, attribute = _BUILT_IN[name]
        family: type[Model] = getattr(import_module(module), attribute)
        return family
    for point in entry_points(group=ENTRY_POINTS):
        if point.name == name:
            family = point.load()
            return family
    raise ParameterError(
        f"unknown model {name!r}{nearest(name, available())}; "
        f"the models are {', '.join(available())}"
    )
