"""Whether a saved synthesizer is what it says: its content, its signature, its samples, its fit."""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterable
from numbers import Real
from typing import TYPE_CHECKING, Literal, NamedTuple

import pandas as pd
from pydantic import BaseModel, ConfigDict

from synthhealth.artifact.container import MANIFEST, SIGNATURE, read_container
from synthhealth.artifact.differences import (
    Difference,
    differences_from_here,
    explanation,
    members_in_words,
    other_dtypes,
)
from synthhealth.artifact.digest import check_key, sample_digest, table_digest
from synthhealth.artifact.manifest import Manifest, member_of
from synthhealth.artifact.plain import parse_json
from synthhealth.artifact.saving import members_of, rebuild, understand
from synthhealth.artifact.signature import (
    fingerprint,
    is_signed_by,
    read_public_key,
    who_signed,
)
from synthhealth.errors import (
    ArtifactError,
    FitInterruptedError,
    ParameterError,
    SynthHealthError,
)
from synthhealth.fitted import Fitted
from synthhealth.progress import OnProgress, ProgressEvent
from synthhealth.schema.check import check_shape
from synthhealth.schema.intake import plain_table

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from rich.table import Table

    from synthhealth.schema import Schema

__all__ = ["Check", "Verification", "verify"]

#: How long a fit is repeated unless more is allowed.
MAX_SECONDS = 900

#: Seconds after which the pace of a fit tells how long it takes.
_PACE_SECONDS = 5

Outcome = Literal["same", "differs", "not checked"]
Name = Literal["content", "signature", "sampling", "table", "fit"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Check(_Part):
    """One question to a saved synthesizer."""

    name: Name
    """What was asked: whether the *content* is what the manifest says, whether the *signature* is \
that of the given key, whether *sampling* gives the rows that it gave when it was saved, whether \
the *table* is the one learned from, and whether the *fit* gives the same bytes again."""
    outcome: Outcome
    """What came out."""
    words: str
    """What was found, or why nothing was."""


class Verification(_Part):
    """What a verification of a saved synthesizer has found."""

    checks: tuple[Check, ...]
    """The questions in their order."""
    version_differences: tuple[Difference, ...]
    """Where this process differs from the one that saved the file."""

    @property
    def differs(self) -> bool:
        """Whether any check came out differently than it should."""
        return any(check.outcome == "differs" for check in self.checks)

    def __getitem__(self, name: str) -> Check:
        return next(check for check in self.checks if check.name == name)

    def to_json(self) -> str:
        """Give it as JSON; ``Verification.model_json_schema()`` is its schema."""
        return self.model_dump_json(indent=2)

    def __rich__(self) -> Table:
        """Give it as a table for the terminal."""
        from rich import box
        from rich.table import Table
        from rich.text import Text

        changed = ", ".join(map(str, self.version_differences))
        table = Table(
            box=box.SIMPLE_HEAD,
            caption=f"versions and platform, saved -> here: {changed or 'the same'}",
            caption_justify="left",
        )
        for heading in ("check", "outcome", "words"):
            table.add_column(heading, overflow="fold")
        for check in self.checks:
            table.add_row(check.name, check.outcome, Text(check.words))
        return table


def verify(
    path: str | os.PathLike[str],
    *,
    data: pd.DataFrame | None = None,
    key: bytes | None = None,
    schema: Schema | None = None,
    public_key: str | os.PathLike[str] | None = None,
    max_seconds: float | None = MAX_SECONDS,
    on_progress: OnProgress | None = None,
) -> Verification:
    """Check that a saved synthesizer is what it says, and repeat what can be repeated.

    The content is compared with the manifest's digests, and a sample is drawn again and compared
    with the one of the time of saving. With the training table the fit is repeated, and its bytes
    are compared; it takes as long as the first one did. How long that is the file decides, and
    with it whoever made it: where the settings ask for more than `max_seconds` at the pace seen,
    the fit is not repeated, and the answer says how long it would take.

    Parameters
    ----------
    path : path-like
        The ``.synth`` file; it may come from anybody.
    data : pandas.DataFrame, optional
        The table that it is said to have learned, as it was given to `fit`.
    key : bytes, optional
        The key of the table's hash; see `synthhealth.artifact.table_digest`.
    schema : Schema, optional
        The schema that `fit` was given; by default the one in the file.
    public_key : path-like, optional
        The Ed25519 public key, in PEM, of whoever is to have signed it.
    max_seconds : float, optional
        How long the repeated fit may train; None: as long as it takes.
    on_progress : callable, optional
        Called with a `synthhealth.ProgressEvent` after each epoch of the repeated fit.

    Returns
    -------
    Verification

    Raises
    ------
    FileError
        A file cannot be read.
    ArtifactError
        It is not a saved synthesizer, or cannot be loaded.
    ParameterError
        A key is unusable, `max_seconds` is not a number above 0, or the package ``cryptography`` is
        missing.
    FitInterruptedError
        Ctrl-C came while the fit was repeated.

    Examples
    --------
    >>> import tempfile, synthhealth as sh
    >>> real = sh.datasets.load_ra_panel()
    >>> model = sh.Synthesizer(random_state=0).fit(real)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     verification = sh.artifact.verify(model.save(f"{folder}/ra.synth"), data=real)
    >>> for check in verification.checks:
    ...     print(check.name, "-", check.outcome)
    content - same
    signature - not checked
    sampling - same
    table - not checked
    fit - same
    """
    signer = None if public_key is None else read_public_key(public_key)
    if key is not None:
        check_key(key)
    watch = _Watch(max_seconds, on_progress)
    # Read once: what is checked is what is used.
    members = read_container(path)
    signature = _check_signature(members, signer)
    unsigned = {name: content for name, content in members.items() if name != SIGNATURE}
    try:
        changed = _changed(unsigned)
        if changed:
            return _of_changed(changed, signature)
        manifest, current = understand(unsigned)
        fitted = rebuild(manifest, current)
    except ArtifactError as error:
        raise ArtifactError(f"{path}: {error}") from error.__cause__
    if data is not None:
        data = plain_table(data, fitted.schema)  # as it was learned
    saved = _Saved(manifest, current, differences_from_here(manifest))
    table = _check_table(saved.manifest, data, key)
    return Verification(
        checks=(
            Check(name="content", outcome="same", words="all members match the manifest"),
            signature,
            _check_sampling(saved, fitted),
            table,
            _check_fit(saved, fitted, data, table, schema, watch),
        ),
        version_differences=saved.differences,
    )


class _TooLongError(SynthHealthError):  # of ours, so that a family passes it on
    pass


class _Watch:
    """Ends a fit that is too long, as soon as its pace tells so."""

    def __init__(self, max_seconds: float | None, on_progress: OnProgress | None) -> None:
        if max_seconds is not None and not (isinstance(max_seconds, Real) and max_seconds > 0):
            raise ParameterError(
                f"max_seconds is {max_seconds!r}; give a number above 0, or None for no limit"
            )
        self._max_seconds, self._on_progress = max_seconds, on_progress

    def __call__(self, event: ProgressEvent) -> None:
        if self._on_progress is not None:
            self._on_progress(event)
        limit = self._max_seconds
        if limit is None or event.eta is None or event.done >= event.total:
            return
        whole = event.elapsed + event.eta
        # The first epochs are slower than the rest: they end only what is far too long.
        if event.elapsed > limit or (event.elapsed > _PACE_SECONDS and whole > 1.5 * limit):
            raise _TooLongError(
                f"the settings in the file ask for {event.total:,} {event.unit}s, which take "
                f"{_in_words(whole)} here; {_in_words(limit)} are allowed. Allow more with "
                "max_seconds (on the command line --max-seconds)"
            )


def _in_words(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"about {seconds / size:,.0f} {unit}"
    return f"about {seconds:,.0f} seconds"


class _Saved(NamedTuple):
    manifest: Manifest
    members: dict[str, bytes]
    differences: tuple[Difference, ...]


def _changed(members: dict[str, bytes]) -> list[str]:
    """Name the members that are not those of the manifest."""
    raw = parse_json(members[MANIFEST], MANIFEST)
    said = raw.get("members") if isinstance(raw, dict) else None
    if not isinstance(said, dict):
        raise ArtifactError("this is not a saved synthesizer; give a .synth file")
    found = {
        name: member_of(content).model_dump()
        for name, content in members.items()
        if name != MANIFEST
    }
    return [name for name in dict.fromkeys((*said, *found)) if said.get(name) != found.get(name)]


def _of_changed(changed: Iterable[str], signature: Check) -> Verification:
    names: tuple[Name, ...] = ("sampling", "table", "fit")
    shown = ", ".join(repr(name[:60]) for name in changed)
    words = f"{shown}: not what the manifest says; the file is damaged or was changed"
    rest = tuple(
        Check(name=name, outcome="not checked", words="the content was changed") for name in names
    )
    content = Check(name="content", outcome="differs", words=words)
    return Verification(checks=(content, signature, *rest), version_differences=())


def _check_signature(members: dict[str, bytes], signer: Ed25519PublicKey | None) -> Check:
    def check(outcome: Outcome, words: str) -> Check:
        return Check(name="signature", outcome=outcome, words=words)

    try:
        signature = who_signed(members)
    except ArtifactError as error:
        return check("differs", str(error))
    if signer is None:
        if signature is None:
            return check("not checked", "the file is not signed")
        return check(
            "not checked",
            f"signed, it says, by the key {signature.public_key_sha256}; give that public key "
            "to check it",
        )
    if signature is None:
        return check("differs", "the file is not signed")
    if is_signed_by(signer, signature, members[MANIFEST]):
        return check("same", f"signed by the key {fingerprint(signer)}")
    if signature.public_key_sha256 != fingerprint(signer):
        return check(
            "differs",
            f"signed, it says, by another key: {signature.public_key_sha256}, not "
            f"{fingerprint(signer)}",
        )
    return check("differs", "the manifest was changed after it was signed by this key")


def _check_sampling(saved: _Saved, fitted: Fitted) -> Check:
    replay = saved.manifest.replay
    if replay is None:
        return Check(
            name="sampling",
            outcome="not checked",
            words="the model could draw no sample when it was saved",
        )
    try:
        sample = fitted.sample(replay.n_rows, replay.seed)
    except SynthHealthError as error:
        found = f"drawing failed ({error})"
    else:
        if sample_digest(sample) == replay.sha256:
            return Check(
                name="sampling",
                outcome="same",
                words=f"{replay.n_rows} rows drawn again are the same",
            )
        found = f"{replay.n_rows} rows drawn again are not the same"
    why = explanation(
        saved.differences,
        saved.manifest,
        sampling=True,
        otherwise="the model in the file is not the one that was saved",
    )
    return Check(name="sampling", outcome="differs", words=f"{found}; {why}")


def _check_table(manifest: Manifest, data: pd.DataFrame | None, key: bytes | None) -> Check:
    def check(outcome: Outcome, words: str) -> Check:
        return Check(name="table", outcome=outcome, words=words)

    if manifest.table_hmac is None:
        return check("not checked", "the file was saved without a key, so it has no hash of it")
    if data is None:
        return check("not checked", "no table was given")
    if key is None:
        return check("not checked", "no key was given")
    if hmac.compare_digest(table_digest(data, key), manifest.table_hmac):
        return check("same", "under this key it has the hash of the table that was learned")
    return check(
        "differs",
        "under this key it does not have the hash of the table that was learned: another table, "
        "another order of its rows or columns, another key, or columns that were left out with "
        "--drop",
    )


def _check_fit(
    saved: _Saved,
    fitted: Fitted,
    data: pd.DataFrame | None,
    table: Check,
    schema: Schema | None,
    watch: _Watch,
) -> Check:
    def check(outcome: Outcome, words: str) -> Check:
        return Check(name="fit", outcome=outcome, words=words)

    manifest = saved.manifest
    if data is None:
        return check("not checked", "no table was given")
    if manifest.partial:
        return check(
            "not checked",
            "training ended early, by Ctrl-C or a time budget, and cannot be ended there again",
        )
    if manifest.budget is not None:
        return check(
            "not checked",
            "each fit of a private model draws new noise and would spend as much again",
        )
    if table.outcome == "differs":
        return check("not checked", "the table is not the one that was learned")
    if len(data) != manifest.n_rows:
        return check(
            "differs", f"{manifest.n_rows:,} rows were learned, the table has {len(data):,}"
        )
    try:
        again = members_of(_fit_again(fitted, data, schema, watch))
    except FitInterruptedError:
        raise
    except _TooLongError as error:
        return check("not checked", str(error))
    except SynthHealthError as error:
        return check("differs", f"this table cannot be learned so: {error}")
    found = members_in_words(saved.members, again)
    if found is None:
        return check("same", "the fit was repeated and gave the same bytes")
    dtypes = other_dtypes(saved.members, again)
    if dtypes is not None:
        return check("differs", dtypes)
    why = explanation(
        saved.differences,
        manifest,
        sampling=False,
        otherwise="the table, the schema or the file is not that of the fit",
    )
    return check("differs", f"{found}; {why}")


def _fit_again(
    fitted: Fitted,
    data: pd.DataFrame,
    schema: Schema | None,
    on_progress: OnProgress,
) -> Fitted:
    schema = fitted.schema if schema is None else schema
    check_shape(data)
    return Fitted.learn(
        plain_table(data, schema),
        schema,
        fitted.family,
        fitted.parameters,
        seed=fitted.seed,
        privacy=fitted.preparation.privacy,
        tells=True,
        on_progress=on_progress,
    )
