"""Whether a patient's combination of values stands in very many rows too often, or too seldom."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from synthhealth.evaluation.encode import encode
from synthhealth.evaluation.privacy.pooling import Threat
from synthhealth.evaluation.privacy.uniqueness import step_of
from synthhealth.evaluation.tables import CanonicalTable
from synthhealth.schema import Schema
from synthhealth.schema.roles import quasi_identifiers
from synthhealth.table.repeats import LEVEL, WITHIN, scaled

__all__ = ["REPEATS", "score_repeats"]

Floats = npt.NDArray[np.float64]

REPEATS = Threat(
    "Repeats and holes",
    "Somebody who holds very many synthetic rows, and has other patients of this sort, looks "
    "whether a patient's combination is in the rows more often, or more seldom, than in those of a "
    "model of these others.",
    "Article 29 Working Party, Opinion 05/2014: singling out",
)


def score_repeats(
    patients: Sequence[CanonicalTable],
    released: CanonicalTable,
    expected: CanonicalTable,
    schema: Schema,
) -> list[Floats]:
    """Give how much more often each patient's combination is in a release than expected.

    The combination is that of the quasi-identifiers, as written; of the whole row where there are
    none. Members of higher scores than non-members are repeated, of lower scores left out: an
    area under the ROC curve above 0.5 tells of repeats, one below of holes.

    Parameters
    ----------
    patients : sequence of CanonicalTable
        Members and non-members, a row of each.
    released : CanonicalTable
        Very many synthetic rows.
    expected : CanonicalTable
        As many of a model of other patients.
    schema : Schema
        Of all tables.

    Returns
    -------
    list of ndarray
        Of each table of patients the logarithms of the ratios.
    """
    encoded = encode([*patients, released, expected], schema)
    names = quasi_identifiers(schema) or tuple(schema.names)
    places = [schema.names.index(name) for name in names]
    whose = np.vstack(encoded.plain[: len(patients)])
    # The same as written: an attacker loses by counting what lies beside.
    steps = [
        LEVEL
        if encoded.categorical[place]
        else 0.499 * step_of(whose[:, place], schema[name].decimals)
        for place, name in zip(places, names, strict=True)
    ]
    *points, drawn, others = (scaled(one[:, places], steps) for one in encoded.plain)

    def counts(rows: Floats, some: Floats) -> Floats:
        tree = cKDTree(rows, balanced_tree=False)
        return np.asarray(tree.query_ball_point(some, r=WITHIN, p=np.inf, return_length=True))

    # Half a row more, so that none is a number, too.
    share = len(drawn) / len(others)
    return [
        np.log((counts(drawn, one) + 0.5) / (share * counts(others, one) + 0.5)) for one in points
    ]
