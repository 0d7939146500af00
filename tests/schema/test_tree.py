from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeRegressor

from synthhealth.table.tree import Tree, grow_classification_tree, grow_regression_tree


@pytest.fixture
def values() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame(rng.lognormal(size=(500, 4)), columns=list("abcd"))


def test_rows_go_where_scikit_learn_sends_them(values):
    target = values["b"].to_numpy() > values["c"].to_numpy()
    ours = grow_regression_tree(values, target, 16, 10)
    theirs = DecisionTreeRegressor(max_leaf_nodes=16, min_samples_leaf=10, random_state=0)
    theirs.fit(values.to_numpy(), target.astype(float))
    fresh = pd.DataFrame(np.random.default_rng(4).lognormal(size=(2_000, 4)), columns=list("abcd"))
    _, number = np.unique(theirs.apply(fresh.to_numpy()), return_inverse=True)
    # The same groups, whatever their numbers.
    pairs = set(zip(ours.leaf_of(fresh).tolist(), number.tolist(), strict=True))
    assert len(pairs) == ours.n_leaves == theirs.get_n_leaves() > 8
    assert len({one for one, _ in pairs}) == len({other for _, other in pairs}) == len(pairs)


def test_it_is_plain_data(values):
    tree = grow_classification_tree(values, (values["a"] > 1).to_numpy(), None, 20)
    again = Tree.model_validate_json(tree.model_dump_json())
    assert again == tree
    assert tree.predictors == ("a",)
    assert np.bincount(again.leaf_of(values)).min() >= 20


def test_few_rows_are_one_group(values):
    assert grow_regression_tree(values.head(19), np.arange(19), None, 10) == Tree.trivial()
    assert grow_regression_tree(values[[]], np.arange(500), None, 10) == Tree.trivial()
    assert (Tree.trivial().leaf_of(values) == 0).all()


def test_huge_values_do_no_harm(values):
    huge = values.assign(a=values["a"] * 1e300)
    tree = grow_regression_tree(huge, (values["b"] > 1).to_numpy(), 4, 10)
    assert tree.leaf_of(huge).max() == tree.n_leaves - 1
