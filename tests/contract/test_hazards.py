"""What plain SDV does to a laboratory table without a word, and every model here does not.

Each hazard is a question put to a synthetic table. Plain SDV 2 with detected metadata answers it
with no (should a later version answer yes, the hazard can go); each registered model with yes.
The networks, with their default settings, are marked slow. All seeds are fixed; where chance plays
a part, the false-alarm rate stands with the hazard.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sdv.errors import InvalidDataTypeError

from synthhealth.models import about, available
from synthhealth.models.choice import quick_first
from synthhealth.schema import Schema
from synthhealth.synthesizer import Synthesizer

N = 200


@dataclass(frozen=True)
class Hazard:
    """A table, and the question that its synthetic twin must answer with yes."""

    make: Callable[[np.random.Generator], pd.DataFrame]
    is_avoided: Callable[[pd.DataFrame, pd.DataFrame], bool]
    #: SDV's family that shows it fastest.
    plain: str = "GaussianCopulaSynthesizer"
    #: Whether SDV refuses the table.
    is_refused: bool = False


def panel(rng: np.random.Generator) -> pd.DataFrame:
    """Age, sex and a marker that rises with age."""
    age = rng.normal(50, 12, N).round().clip(18, 90)
    return pd.DataFrame(
        {
            "age": age.astype(int),
            "sex": rng.choice(["F", "M"], N, p=[0.7, 0.3]),
            "esr": np.exp(0.03 * age + rng.normal(1.5, 0.4, N)).round(),
        }
    )


def unique_integers(rng):
    # A platelet count per microlitre: whole numbers, no two alike.
    counts = rng.choice(np.arange(150_000, 450_000, 1_000), N, replace=False) + np.arange(N)
    return panel(rng).assign(platelets=counts)


def stays_in_range(real, fake):
    within = fake["platelets"].between(100_000, 600_000).all()
    return bool(within and abs(fake["platelets"].mean() / real["platelets"].mean() - 1) < 0.2)


def named_like_addresses(rng):
    return panel(rng).assign(
        disease_state=rng.choice(["active", "remission"], N),
        therapy_line1=rng.choice(["MTX", "LEF", "SSZ"], N),
    )


def keeps_levels(real, fake):
    return all(
        set(fake[name].dropna()) <= set(real[name]) for name in ("disease_state", "therapy_line1")
    )


def below_detection(rng):
    crp = rng.lognormal(0, 1, N)
    return panel(rng).assign(crp=[f"{x:.2f}" if x >= 0.5 else "<0.5" for x in crp])


def keeps_censoring(real, fake):
    """False alarm: the share of censored values within 4 standard errors and 0.1, under 1e-4."""
    share = (real["crp"] == "<0.5").mean()
    drawn = (fake["crp"] == "<0.5").mean()
    known = pd.to_numeric(fake["crp"][fake["crp"] != "<0.5"])
    is_new = ~fake["crp"].isin(real["crp"])
    error = 4 * np.sqrt(share * (1 - share) * 2 / N)
    # Copied cells only would mean that each patient's value became a category.
    return bool(abs(drawn - share) < error + 0.1 and (known >= 0.5).all() and is_new.mean() > 0.2)


def stages(rng):
    stage = rng.permutation(np.repeat([0, 1, 2, 3], N // 4))
    marker = np.exp(0.7 * stage + rng.normal(0, 0.15, N)).round(2)
    # The stage that comes first in the table is not the lowest.
    order = np.argsort(stage != 2, kind="stable")
    names = np.array(["I", "II", "III", "IV"])
    table = panel(rng).assign(stage=names[stage], marker=marker)
    return table.iloc[order].reset_index(drop=True)


def keeps_order(real, fake):
    rank = {"I": 0, "II": 1, "III": 2, "IV": 3}
    spearman = stats.spearmanr(fake["stage"].map(rank), fake["marker"]).statistic
    return bool(spearman > 0.7)


def numbered_stages(rng):
    table = stages(rng)
    return table.assign(stage=table["stage"].map({"I": 1, "II": 2, "III": 3, "IV": 4}))


def keeps_numbered_order(real, fake):
    return bool(stats.spearmanr(fake["stage"], fake["marker"]).statistic > 0.7)


def panels_missing_together(rng):
    missing = rng.random(N) < 0.31
    table = panel(rng).assign(
        rf=rng.lognormal(3, 1, N).round(1), ccp=rng.lognormal(3, 1, N).round(1)
    )
    table.loc[missing, ["rf", "ccp"]] = np.nan
    return table


def stay_missing_together(real, fake):
    """False alarm: both shares vary by chance; 4 standard errors are passed once in 16,000."""

    def both(table):
        return (table["rf"].isna() & table["ccp"].isna()).mean()

    share = both(real)
    error = 4 * np.sqrt(share * (1 - share) * (1 / len(real) + 1 / len(fake)))
    alone = (fake["rf"].isna() != fake["ccp"].isna()).any()
    return bool(abs(both(fake) - share) < error and not alone)


def done_in_one_group(rng):
    table = panel(rng)
    psa = pd.Series(rng.lognormal(0, 1, N).round(2)).where(table["sex"] == "M")
    return table.assign(psa=psa)


def stays_in_one_group(real, fake):
    women = fake["sex"] == "F"
    return bool(fake.loc[women, "psa"].isna().all() and fake.loc[~women, "psa"].notna().all())


def long_tail(rng):
    return panel(rng).assign(
        crp=rng.lognormal(1, 1, N).round(2), alt=rng.lognormal(3, 0.5, N).round()
    )


def has_no_spikes(real, fake):
    """False alarm: 4 standard errors of a share are passed once in 16,000."""
    for name in ("crp", "alt", "esr"):
        ends = [real[name].min(), real[name].max()]
        share = real[name].isin(ends).mean()
        error = 4 * np.sqrt(share * (1 - share) * (1 / len(real) + 1 / len(fake)))
        if fake[name].isin(ends).mean() > share + error or (fake[name] < 0).any():
            return False
    return True


def rare_stages(rng):
    return panel(rng).assign(stage=rng.choice(["I", "II", "III"], N, p=[0.8, 0.12, 0.08]))


def keeps_rare_stages(real, fake):
    return bool(set(fake["stage"]) == {"I", "II", "III"})


def of_category_dtype(rng):
    return panel(rng).assign(
        grade=pd.Categorical(
            rng.choice(["low", "medium", "high"], N), ["low", "medium", "high"], ordered=True
        )
    )


def keeps_dtype(real, fake):
    return bool(fake["grade"].dtype == real["grade"].dtype)


#: The others train for seconds at their defaults.
QUICK = quick_first(with_networks=False)

HAZARDS = {
    "a laboratory column of unique integers becomes the primary key": Hazard(
        unique_integers, stays_in_range
    ),
    "column names are taken for addresses": Hazard(named_like_addresses, keeps_levels),
    "results below the detection limit become categories": Hazard(below_detection, keeps_censoring),
    "named stages lose their order": Hazard(stages, keeps_order),
    "numbered stages are in the order of their first appearance": Hazard(
        numbered_stages, keeps_numbered_order
    ),
    "panels are no longer missing together": Hazard(panels_missing_together, stay_missing_together),
    "a test that was done in one group is there in all": Hazard(
        done_in_one_group, stays_in_one_group
    ),
    "values are heaped on the patients' extremes": Hazard(
        long_tail, has_no_spikes, plain="CTGANSynthesizer"
    ),
    "rare stages vanish": Hazard(rare_stages, keeps_rare_stages, plain="TVAESynthesizer"),
    "columns of categories are refused": Hazard(
        of_category_dtype, keeps_dtype, plain="CTGANSynthesizer", is_refused=True
    ),
}


def plain_sdv(family: str, table: pd.DataFrame) -> pd.DataFrame:
    """Draw a table as SDV's own guide does: metadata detected, defaults kept."""
    import sdv.single_table
    import torch
    from sdv.metadata import Metadata

    np.random.seed(0)
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        metadata = Metadata.detect_from_dataframes({"panel": table})
        synthesizer = getattr(sdv.single_table, family)(metadata)
        synthesizer.fit({"panel": table})
        return synthesizer.sample(1_000)["panel"]


SLOW_IN_SDV = {"values are heaped on the patients' extremes"}


@pytest.mark.parametrize(
    "name",
    [
        # Plain SDV's own networks take a while.
        pytest.param(name, marks=[pytest.mark.slow] if name in SLOW_IN_SDV else [])
        for name in HAZARDS
    ],
)
def test_plain_sdv_falls_into_it(name):
    hazard = HAZARDS[name]
    real = hazard.make(np.random.default_rng(7))
    if hazard.is_refused:
        with pytest.raises(InvalidDataTypeError):
            plain_sdv(hazard.plain, real)
    else:
        assert not hazard.is_avoided(real, plain_sdv(hazard.plain, real))


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(model, marks=() if model in QUICK else pytest.mark.slow)
        for model in available()
        if not about(model).is_formal
    ],
)
@pytest.mark.parametrize("name", HAZARDS)
def test_is_avoided(name, model):
    hazard = HAZARDS[name]
    real = hazard.make(np.random.default_rng(7))
    schema = Schema.detect(real)
    synthesizer = Synthesizer(model, schema=schema, random_state=0)
    fake = synthesizer.fit(real).sample(1_000)
    assert (fake.dtypes == real.dtypes).all()
    assert hazard.is_avoided(real, fake)
