"""What the SDV families share: everything SDV that the rest of the library must not see.

SDV 2.x takes ``{table: DataFrame}``, guesses keys and personal data from column names, fits
unseeded, samples from one hidden seed, clips to the patients' extremes, and keeps training rows in
its samplers. Here the columns are renamed and declared one by one, all randomness comes from the
caller's seed, and limits and rounding are left to the table's form. SDV's object lives for the time
of a fit alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pandas as pd

from synthhealth.models.base import Training
from synthhealth.models.family import ScaledFamily
from synthhealth.schema import Kind, Schema

__all__ = [
    "SDV_LICENCE",
    "SDV_PACKAGES",
    "TABLE",
    "SDVModel",
    "WrapsSDV",
    "metadata_of",
    "neutral_names",
]

#: What SDV's only table is called.
TABLE = "table"

#: The distributions that every family of SDV computes with, and how they are licensed.
SDV_PACKAGES = ("sdv", "ctgan", "rdt", "copulas", "torch")
SDV_LICENCE = "SDV under the Business Source License 1.1"


class WrapsSDV:
    """What a family is that has a synthesizer of SDV inside."""

    #: The class of `sdv.single_table`.
    sdv_class: ClassVar[str]

    @classmethod
    def plain(cls) -> Any:
        """Give SDV's own class."""
        import sdv.single_table

        return getattr(sdv.single_table, cls.sdv_class)


class SDVModel(WrapsSDV, ScaledFamily):
    """Base of the families whose table is learned by a synthesizer of SDV."""

    #: SDV's object, for the time of a fit.
    _sdv: Any

    def fit(self, table: pd.DataFrame, schema: Schema, *, seed: int, training: Training) -> None:
        """Learn a plain table. See `synthhealth.models.Model.fit`."""
        self._names = neutral_names(table)
        try:
            super().fit(table, schema, seed=seed, training=training)
        finally:
            self._sdv = None

    def _build(self, table: pd.DataFrame, schema: Schema) -> None:
        types = {self._names[name]: _sdtype(name, table, schema) for name in table.columns}
        self._sdv = self._synthesizer(metadata_of(types), table, schema)

    def _synthesizer(self, metadata: Any, table: pd.DataFrame, schema: Schema) -> Any:
        """Give the SDV object that `settings_` asks for; `table` is on the scales it will learn."""
        raise NotImplementedError


def neutral_names(table: pd.DataFrame) -> dict[str, str]:
    """Give the columns names of which SDV guesses nothing."""
    return {name: f"c{position:04d}" for position, name in enumerate(table.columns)}


def metadata_of(types: Mapping[str, Mapping[str, Any]]) -> Any:
    """Say to SDV what the columns of its only table are."""
    from sdv.metadata import Metadata

    metadata = Metadata()
    metadata.add_table(TABLE)
    for name, said in types.items():
        metadata.add_column(name, TABLE, **said)
    return metadata


def _sdtype(name: str, table: pd.DataFrame, schema: Schema) -> dict[str, Any]:
    kind = schema[name].kind
    if kind.is_numerical:
        return {"sdtype": "numerical"}
    if kind is Kind.ORDINAL:
        # Undeclared, the order would be that of first appearance in the table.
        levels = range(int(table[name].max()) + 1)
        return {"sdtype": "ordinal", "range_values": list(levels)}
    return {"sdtype": "categorical"}
