"""Diffusion: what normal scores let expect of a row behind noise, and a network that adds to it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict

from synthhealth.errors import ArtifactError
from synthhealth.models._copula import COPULA_PARAMETERS, CopulaState
from synthhealth.models._mixed import KNOTS, Coding
from synthhealth.models._normal import NormalFamily
from synthhealth.models._smooth import LevelMargin
from synthhealth.models._transforms import from_log, to_log
from synthhealth.models.about import About, Advice, on_demo
from synthhealth.models.base import LogDensity, Training
from synthhealth.models.deep import NETWORK_PARAMETERS, in_epochs
from synthhealth.models.family import Arrays, FamilyState
from synthhealth.models.networks.keeping import n_held_out
from synthhealth.models.parameters import Parameter
from synthhealth.models.seeding import seeded
from synthhealth.progress import ProgressEvent
from synthhealth.schema import Schema

if TYPE_CHECKING:
    from synthhealth.models.networks.denoiser import Denoiser
    from synthhealth.models.networks.denoising import HeldOut, Rows

__all__ = ["DiffusionModel", "DiffusionState", "Gain"]

Floats = npt.NDArray[np.float64]

#: Of fewer rows no network is asked: it would learn nothing that the rows held out bear out.
FEWEST_ROWS = 300

#: The network is kept where it is better by so many standard errors.
_ERRORS = 2.0

#: Rows that are drawn at once, and those by which the shares of tokens are set.
_ROWS_AT_ONCE, _RAKED_ROWS = 8_192, 20_000

#: What the arrays of the network begin with.
_PREFIX = "network."

#: The seed of the noise by which densities are told.
_DENSITY_SEED = 0


class Gain(BaseModel):
    """What the network adds to the closed form, on rows held out.

    Attributes
    ----------
    n_held_out : int
        How many.
    gain : float
        By how much it is better: the mean fall of the cross entropy of a token that is not seen,
        and of the squared error of a noisy number in variances of the closed form, together.
    error : float
        The standard error of that.
    is_kept : bool
        Whether it is kept; if not, the model is a Gaussian copula.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    n_held_out: int
    gain: float
    error: float
    is_kept: bool


class DiffusionState(CopulaState):
    """The plain values of a fitted diffusion; its arrays are the correlation and the weights.

    Attributes
    ----------
    held_out : Gain or None
        None: no network was trained.
    """

    held_out: Gain | None = None


def _default_steps(n_rows: int) -> int:
    if n_rows < FEWEST_ROWS:
        return 0
    return min(3_600, 600 + n_rows // 5)


class DiffusionModel(NormalFamily):
    """Diffusion over tokens and normal scores, which begins as a Gaussian copula.

    Rows are hidden in part, levels by masks and numbers by noise, and what was there is told: by
    the normal law of the scores, in closed form, and by a network that adds to it (EDM; Karras,
    Aittala, Aila and Laine, 2022, *Elucidating the Design Space of Diffusion-Based Generative
    Models*). Of few patients nothing is added, and it is the copula.
    """

    name = "diffusion"
    about = About(
        title="The diffusion",
        in_steps=True,
        packages=("torch",),
        holds_no_patient=True,
        advice=Advice(
            columns="No margin was found that fits: {columns}. Look at the figures under Column by "
            "column, and whether rules or limits of the schema cut values off",
            relations="What few patients have in common is not kept: see which family keeps more "
            "({compare}), and declare what must hold between columns as rules of the schema",
        ),
        on_file=on_demo(
            "diffusion",
            {
                ("standard", 61): (0.76, 0.74, 0.79),
                ("standard", 300): (0.73, 0.72, 0.74),
                ("high", 61): (0.65, 0.63, 0.68),
            },
        ),
    )
    State: ClassVar[type[FamilyState]] = DiffusionState
    parameters: ClassVar[tuple[Parameter, ...]] = (
        *COPULA_PARAMETERS,
        Parameter(
            "steps",
            int,
            _default_steps,
            "updates of the network in all; with 0 the model is the Gaussian copula",
            default_is=f"0 below {FEWEST_ROWS} rows, of which a network learns nothing that others "
            "bear out; then 600 and a fifth of the rows, to 3,600. It ends earlier when "
            "nothing better comes",
            low=0,
            high=10_000_000,
        ),
        Parameter("batch_size", int, 512, "rows of one step", low=16, high=100_000),
        Parameter(
            "learning_rate",
            float,
            4e-3,
            "of the first steps; it falls to nearly nothing",
            low=1e-6,
            high=1.0,
        ),
        Parameter(
            "width",
            int,
            lambda n_rows: 128 if n_rows < 3_000 else 256,
            "units of each layer",
            default_is="128 below 3,000 rows, else 256",
            low=1,
            high=4_096,
        ),
        Parameter("depth", int, 3, "blocks of two layers", low=1, high=64),
        Parameter(
            "noise_steps",
            int,
            16,
            "steps in which numbers are drawn out of noise, each of two passes; more change little",
            low=2,
            high=1_000,
        ),
        *(
            replace(one, low=0) if one.name == "epochs" else one
            for one in NETWORK_PARAMETERS
            if one.name != "early_stopping"
        ),
    )

    _denoiser: Denoiser | None = None

    def explain(self) -> Gain | None:
        """Say what the network adds to the closed form; None: it was not asked.

        Examples
        --------
        >>> import synthhealth as sh
        >>> real = sh.datasets.load_ra_panel()
        >>> sh.Synthesizer("diffusion", random_state=0).fit(real).fitted_.model.explain() is None
        True
        """
        found: Gain | None = self._state.held_out
        return found

    def _settings(self, table: pd.DataFrame, schema: Schema) -> dict[str, Any]:
        from synthhealth.models.networks.denoising import steps_per_epoch

        settings = super()._settings(table, schema)
        n_rows = len(table) - n_held_out(len(table))
        return in_epochs(settings, self.parameters, steps_per_epoch(n_rows, settings["batch_size"]))

    def _train(self, table: pd.DataFrame, training: Training) -> None:
        begin = time.monotonic()
        self._correlate()
        self._learned: _Learned | None = None
        if not self.settings_["epochs"]:
            training.on_progress(ProgressEvent("fit", 1, 1, "pass", time.monotonic() - begin))
            return
        with self._on_device() as device:
            self._learn(table, training, device)

    def _learn(self, table: pd.DataFrame, training: Training, device: Any) -> None:
        from synthhealth.models.networks.course import Course
        from synthhealth.models.networks.denoising import HeldOut, Learning
        from synthhealth.models.networks.draws import Draws
        from synthhealth.models.networks.keeping import Keeper

        settings, draws = self.settings_, Draws(device)
        coding = Coding(self._margins)
        denoiser = self._new_denoiser(coding, self._correlation)
        rng = np.random.default_rng(np.random.randint(2**31))
        rows = _rows(*coding.code(table, rng), device)
        n_out = n_held_out(len(rows))
        if not n_out:
            return
        order = draws.order(len(rows))
        unseen, seen = rows.take(order[:n_out]), rows.take(order[n_out:])
        steps = Learning(
            denoiser,
            seen,
            draws,
            batch_size=settings["batch_size"],
            rate=settings["learning_rate"],
            epochs=settings["epochs"],
        )
        held_out = HeldOut(denoiser, unseen, draws)
        n_steps = steps.n_per_epoch * settings["epochs"]
        keeper = Keeper(steps.optimisers[0].weights, held_out.rate, n_steps)
        course = Course(steps, keeper, draws)
        follow = None
        if training.checkpoint is not None:
            earlier = training.checkpoint.begin(settings, table)
            follow = training.checkpoint.follow
            if earlier is not None:
                course.restore(earlier)
        self._learned = _Learned(coding, denoiser, held_out, n_out)
        begin = time.monotonic() - course.spent
        self.partial_ = True
        try:
            epochs = training.epochs(
                settings["epochs"], lambda: course.losses, first=course.epoch, spent=course.spent
            )
            settled = course.go_through(epochs, follow)
        finally:
            keeper.finish()
        if settled:
            done, elapsed = course.epoch + 1, time.monotonic() - begin
            training.on_progress(ProgressEvent("fit", done, done, "epoch", elapsed, course.losses))
        self.partial_ = not settled and course.epoch + 1 < settings["epochs"]

    def _is_usable(self) -> bool:
        # The closed form is there from the beginning.
        return hasattr(self, "_correlation")

    def _take_apart(self, table: pd.DataFrame) -> tuple[dict[str, Any], Arrays]:
        learned, arrays = super()._take_apart(table)
        if self._learned is None:
            return learned, arrays
        with self._on_device() as device:
            found, denoiser = self._learned.gain(), self._learned.denoiser
            if found.is_kept:
                arrays |= {"knots": self._learned.rake(self.settings_["noise_steps"], device)}
                arrays |= {
                    # A copy: torch would hand out a view of memory that all weights share.
                    _PREFIX + name: np.array(weight.detach().cpu().numpy())
                    for name, weight in denoiser.named_parameters()
                }
        self._learned = None
        return learned | {"held_out": found}, arrays

    def _rebuild(self) -> None:
        arrays, self._arrays = self._arrays, {}
        weights: Arrays = {}
        for name, array in arrays.items():
            if name.startswith(_PREFIX):
                weights[name.removeprefix(_PREFIX)] = array
            elif name != "knots":
                self._arrays[name] = array
        super()._rebuild()
        self._arrays = arrays
        self._coding = Coding(self._by_name)
        self._denoiser = None
        held_out = self._state.held_out
        is_kept = held_out is not None and held_out.is_kept
        if is_kept is not bool(weights) or is_kept is not ("knots" in arrays):
            raise ArtifactError("the model says that it keeps a network and has none, or has one")
        if is_kept:
            self._check_knots(arrays["knots"])
            self._denoiser = self._denoiser_of(weights)

    def _check_knots(self, knots: Floats) -> None:
        if (
            knots.dtype != np.float64
            or knots.shape != (len(self._coding.scores), KNOTS)
            or (np.diff(knots) < 0).any()
            or (len(knots) and (knots.min() < 0 or knots.max() > 1))
        ):
            raise ArtifactError("the knots of the model's numbers do not rise from 0 to 1")

    def _denoiser_of(self, weights: Arrays) -> Denoiser:
        """Build the network without memory, so that a file cannot ask for more than it brings.

        Raises
        ------
        ArtifactError, RuntimeError
            The weights are not those of such a network.
        """
        import torch

        if any(one.dtype != np.float32 for one in weights.values()):
            raise ArtifactError("the weights of the network are not of its type")
        denoiser = self._new_denoiser(self._coding, self._arrays["correlation"], device="meta")
        denoiser.load_state_dict(
            {name: torch.from_numpy(one) for name, one in weights.items()}, assign=True
        )
        return denoiser.requires_grad_(False)

    def _new_denoiser(
        self, coding: Coding, correlation: Floats, device: str | None = None
    ) -> Denoiser:
        from synthhealth.models.networks.denoiser import Denoiser, Form

        form = Form(correlation, coding.tokens, coding.scores)
        return Denoiser(form, self.settings_["width"], self.settings_["depth"], device)

    @contextmanager
    def _on_device(self) -> Iterator[Any]:
        """Give the device of the training, where all tensors are made for this time."""
        import torch

        with_gpu = self.settings_["enable_gpu"] and torch.cuda.is_available()
        with torch.device("cuda" if with_gpu else "cpu") as device:
            yield device

    def _seeded(self, seed: int) -> AbstractContextManager[None]:
        with_torch = self._denoiser is not None or bool(self.settings_["epochs"])
        return seeded(seed, threads=self.settings_["threads"], with_torch=with_torch)

    def _draw(self, n: int) -> pd.DataFrame:
        if self._denoiser is None:
            return super()._draw(n)
        return self._drawn(pd.DataFrame(index=range(n)), np.random.default_rng(0))

    def sample_given(self, known: pd.DataFrame, *, seed: int) -> pd.DataFrame:
        """Draw the other columns around the known ones, which are seen without noise.

        The network has learned from rows of which any columns were known. Where none is kept, see
        `NormalFamily.sample_given`.
        """
        if self._denoiser is None:
            return super().sample_given(known, seed=seed)
        with self._seeded(seed):
            drawn = self._drawn(to_log(known, self._offsets), np.random.default_rng(seed))
        table = from_log(drawn, self._offsets)
        for name in known.columns:
            table[name] = known[name].to_numpy()
        return table

    def _drawn(self, known: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        """Draw rows around what is known of them, on the scale that was learned."""
        import torch

        from synthhealth.models.networks.diffusion import draw_rows
        from synthhealth.models.networks.draws import Draws

        assert self._denoiser is not None
        cpu = torch.device("cpu")
        has_token, has_score = map(torch.from_numpy, self._coding.known(known.columns))
        parts = []
        for start in range(0, len(known), _ROWS_AT_ONCE):
            here = self._coding.code(known.iloc[start : start + _ROWS_AT_ONCE], rng)
            drawn = draw_rows(
                self._denoiser,
                _rows(*here, cpu),
                has_token,
                has_score,
                steps=self.settings_["noise_steps"],
                draws=Draws(cpu),
            )
            parts.append(self._coding.values(*_arrays(drawn), self._arrays["knots"]))
        return pd.concat(parts, ignore_index=True)

    def log_density(self, rows: pd.DataFrame) -> LogDensity:
        """Give the log density of plain rows, nearly. See `synthhealth.models.DensityModel`.

        Of levels it is exact; of numbers it follows from how well the network tells them from
        behind noise of all strengths. Where no network is kept, see `NormalFamily.log_density`.
        """
        if self._denoiser is None:
            return super().log_density(rows)
        on_scale = to_log(rows, self._offsets)
        dependence = np.zeros(len(rows))
        known = pd.DataFrame(
            {
                name: on_scale[name] >= 0
                if isinstance(self._by_name[name], LevelMargin)
                else on_scale[name].notna()
                for name in rows
                if name in self._by_name
            }
        )
        patterns, pattern = np.unique(known.to_numpy(), axis=0, return_inverse=True)
        with self._seeded(_DENSITY_SEED):
            for number, columns in enumerate(patterns):
                here = pattern.reshape(-1) == number
                some = on_scale.loc[here, known.columns[columns]]
                dependence[here] = self._dependence_of(some)
        return LogDensity(self._log_margins(on_scale, rows), dependence)

    def _dependence_of(self, known: pd.DataFrame) -> Floats:
        """Give what the joint law adds to the margins of rows of which all is known."""
        import torch

        from synthhealth.models.networks.diffusion import log_ratios
        from synthhealth.models.networks.draws import Draws

        assert self._denoiser is not None
        cpu = torch.device("cpu")
        has_token, has_score = map(torch.from_numpy, self._coding.known(known.columns))
        found = np.zeros(len(known))
        for start in range(0, len(known), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            rng = np.random.default_rng(_DENSITY_SEED)
            tokens, scores = self._coding.code(known.iloc[part], rng)
            of_tokens, of_scores = log_ratios(
                self._denoiser, _rows(tokens, scores, cpu), has_token, has_score, Draws(cpu)
            )
            scored = self._coding.are_scored(tokens)
            found[part] = of_tokens.numpy() + (of_scores.numpy() * scored).sum(axis=1)
        return found


@dataclass
class _Learned:
    """A network that was trained, and rows that it has not seen."""

    coding: Coding
    denoiser: Denoiser
    held_out: HeldOut
    n_held_out: int

    def gain(self) -> Gain:
        """Say whether it is better than the closed form."""
        gain, error = self.held_out.gain()
        return Gain(
            n_held_out=self.n_held_out,
            gain=round(gain, 3),
            error=round(error, 3),
            is_kept=gain > _ERRORS * error,
        )

    def rake(self, steps: int, device: Any) -> Floats:
        """Let what it draws have the shares that the columns have; see `Coding.knots`."""
        import torch

        from synthhealth.models.networks.diffusion import draw_rows, rake
        from synthhealth.models.networks.draws import Draws

        draws, coding = Draws(device), self.coding
        rows = rake(self.denoiser, _RAKED_ROWS, len(coding.scores), draws)
        all_tokens = torch.ones(len(coding.tokens), dtype=torch.bool)
        no_scores = torch.zeros(len(coding.scores), dtype=torch.bool)
        drawn = draw_rows(self.denoiser, rows, all_tokens, no_scores, steps=steps, draws=draws)
        return coding.knots(*_arrays(drawn))


def _arrays(rows: Rows) -> tuple[npt.NDArray[np.int64], Floats]:
    return rows.tokens.cpu().numpy(), rows.scores.cpu().numpy().astype(np.float64)


def _rows(tokens: npt.NDArray[np.int64], scores: Floats, device: Any) -> Rows:
    import torch

    from synthhealth.models.networks.denoising import Rows

    return Rows(
        torch.from_numpy(tokens).to(device), torch.from_numpy(scores.astype(np.float32)).to(device)
    )
