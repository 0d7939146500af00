"""Finding a model family by its name."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import TypeVar

from synthhealth.errors import ParameterError, nearest
from synthhealth.models.about import About
from synthhealth.models.base import Model

__all__ = ["DEFAULT", "about", "available", "get", "register", "registered"]

Family = TypeVar("Family", bound=Model)

#: Third-party families register under this group in their own package's metadata.
ENTRY_POINTS = "synthhealth.models"

#: The family that is meant where none is named: good for few patients and for many.
DEFAULT = "hybrid"

BUILT_IN = {
    "autoregressive": ("synthhealth.models.autoregressive", "AutoregressiveModel"),
    "bayesian_network": ("synthhealth.models.bayesian_network", "BayesianNetworkModel"),
    "boltzmann": ("synthhealth.models.boltzmann", "BoltzmannModel"),
    "causal_gan": ("synthhealth.models.causal_gan", "CausalGANModel"),
    "copula_gan": ("synthhealth.models.copula_gan", "CopulaGANModel"),
    "ctgan": ("synthhealth.models.ctgan", "CTGANModel"),
    "diffusion": ("synthhealth.models.diffusion", "DiffusionModel"),
    "gaussian_copula": ("synthhealth.models.gaussian_copula", "GaussianCopulaModel"),
    "private": ("synthhealth.models.private", "PrivateModel"),
    "trees": ("synthhealth.models.trees", "TreesModel"),
    "hybrid": ("synthhealth.models.hybrid", "HybridModel"),
    "tvae": ("synthhealth.models.tvae", "TVAEModel"),
}


#: Families that this process has registered itself.
_REGISTERED: dict[str, type[Model]] = {}


#: What the constructor of a synthesizer takes beside the parameters of a family.
OWN_ARGUMENTS = frozenset({"model", "schema", "random_state", "privacy", "guard"})


def register(family: type[Family]) -> type[Family]:
    """Make a family known to this process, under its name; a decorator for scripts and tests.

    A package announces its families by an entry point instead, in its own metadata:

    .. code-block:: toml

        [project.entry-points."synthhealth.models"]
        my_family = "my_package:MyFamily"

    Raises
    ------
    ParameterError
        One of our own families has this name, or a parameter has the name of one of the
        synthesizer's own arguments.
    """
    if family.name in BUILT_IN:
        raise ParameterError(f"the name {family.name!r} is taken; give your family another one")
    _check_names(family)
    _REGISTERED[family.name] = family
    return family


def available() -> tuple[str, ...]:
    """Give the names of all model families: our own and those of installed third parties.

    Examples
    --------
    >>> import synthhealth as sh
    >>> sh.models.available()
    ('autoregressive', 'bayesian_network', 'boltzmann', 'causal_gan', 'copula_gan', 'ctgan', \
'diffusion', 'gaussian_copula', 'hybrid', 'private', 'trees', 'tvae')
    """
    third_parties = {point.name for point in entry_points(group=ENTRY_POINTS)}
    return tuple(sorted(BUILT_IN.keys() | _REGISTERED.keys() | third_parties))


def get(name: str) -> type[Model]:
    """Give the class of a model family.

    Raises
    ------
    ParameterError
        No family has this name.
    """
    if name in BUILT_IN:
        module, attribute = BUILT_IN[name]
        family: type[Model] = getattr(import_module(module), attribute)
        return family
    if name in _REGISTERED:
        return _REGISTERED[name]
    for point in entry_points(group=ENTRY_POINTS):
        if point.name == name:
            family = point.load()
            _check_names(family)
            return family
    raise ParameterError(
        f"unknown model {name!r}{nearest(name, available())}; "
        f"the models are {', '.join(available())}"
    )


def registered(name: str) -> type[Model] | None:
    """Give a family that this process alone knows, since `register` was told of it; else None."""
    return _REGISTERED.get(name)


def about(name: str) -> About:
    """Give what a family says of itself; no more than its name where it cannot be loaded.

    Examples
    --------
    >>> import synthhealth as sh
    >>> sh.models.about("tvae").title
    'TVAE'
    """
    unknown = About(title=name)
    try:
        family = get(name)
    except (ParameterError, ImportError, AttributeError):
        # Not installed, or its package is broken: what is asked is still what a file holds.
        return unknown
    told: About = getattr(family, "about", unknown)
    return told


def _check_names(family: type[Model]) -> None:
    taken = {parameter.name for parameter in getattr(family, "parameters", ())} & OWN_ARGUMENTS
    if taken:
        raise ParameterError(
            f"the family {family.name!r} has a parameter {min(taken)!r}, which is an argument of "
            "the synthesizer itself; give it another name"
        )
