"""
Does adding synthetic rows help a classifier?
=============================================

Small training sets are often enlarged with synthetic rows in the hope of a better classifier.
Synthetic rows cannot hold more information than the real ones that they were learned from; at best,
the model adds a sensible assumption. Whether that helps must be measured on patients that neither
the model nor the classifier has seen.

Here it is measured on the Wisconsin table of breast cancer. Many times over, 60 of 569 patients are
the training set and all others the test.
"""

import numpy as np
import pandas as pd
from scipy.stats import t
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import synthhealth as sh

REPETITIONS = 10
TRAINING_ROWS = 60
ADDED_ROWS = 240

table = sh.datasets.load_breast_cancer()
# Ten measurements, the means over the nuclei; the other twenty are variations on them.
table = table[[*table.columns[:10], "diagnosis"]]

# %%
# Four training sets are compared: the real rows alone; with 240 synthetic rows from one model of
# the whole table; with 240 synthetic rows from two models, one for each diagnosis; and, as a
# control, with 240 of the real rows once more. The control separates the effect of *new* rows from
# that of *more* rows, which alone changes how strongly a classifier is regularised.


def synthetic_by_diagnosis(real, seed):
    parts = []
    for diagnosis, rows in real.groupby("diagnosis"):
        model = sh.Synthesizer(random_state=seed)
        model.fit(rows.drop(columns="diagnosis"))
        share = round(ADDED_ROWS * len(rows) / len(real))
        parts.append(model.sample(share).assign(diagnosis=diagnosis))
    return pd.concat(parts)


def training_sets(real, seed):
    one_model = sh.Synthesizer(random_state=seed).fit(real)
    return {
        "real": real,
        "real + one model": pd.concat([real, one_model.sample(ADDED_ROWS)]),
        "real + two models": pd.concat([real, synthetic_by_diagnosis(real, seed)]),
        "real + repeated": pd.concat(
            [real, real.sample(ADDED_ROWS, replace=True, random_state=seed)]
        ),
    }


def classifiers(seed):
    return {
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000)),
        "random forest": RandomForestClassifier(100, random_state=seed),
    }


def auc(classifier, training, test):
    """Area under the ROC curve on real patients that nobody has seen."""
    classifier.fit(training.drop(columns="diagnosis"), training["diagnosis"] == "malignant")
    probability = classifier.predict_proba(test.drop(columns="diagnosis"))[:, 1]
    return roc_auc_score(test["diagnosis"] == "malignant", probability)


scores = []
for seed in range(REPETITIONS):
    real, test = train_test_split(
        table, train_size=TRAINING_ROWS, stratify=table["diagnosis"], random_state=seed
    )
    for training_set, training in training_sets(real, seed).items():
        for name, classifier in classifiers(seed).items():
            scores.append((name, training_set, seed, auc(classifier, training, test)))

scores = pd.DataFrame(scores, columns=["classifier", "training set", "seed", "AUC"])
scores = scores.pivot(index=["classifier", "seed"], columns="training set", values="AUC")

# %%
# The difference to the real rows alone, on the same test patients, with a 95 % confidence interval
# over the repetitions. The repetitions share patients, so for another hospital's patients the
# interval would be wider.

for classifier, by_seed in scores.groupby("classifier"):
    print(f"{classifier}: AUC {by_seed['real'].mean():.4f} with {TRAINING_ROWS} real rows alone")
    for training_set in ("real + one model", "real + two models", "real + repeated"):
        difference = by_seed[training_set] - by_seed["real"]
        error = difference.std() / np.sqrt(REPETITIONS)
        reach = t.ppf(0.975, REPETITIONS - 1) * error
        low, high = difference.mean() - reach, difference.mean() + reach
        found = "better" if low > 0 else "worse" if high < 0 else "no difference to be seen"
        print(
            f"  {training_set:17}  {difference.mean():+.4f}  ({low:+.4f} to {high:+.4f})  {found}"
        )

# %%
# One copula over the whole table treats the diagnosis as just another column, tied to the others by
# correlations. A model for each diagnosis learns the two groups as they are, if there are enough
# rows.
#
# Before you add synthetic rows to your own training set, run this on it. If the interval contains
# zero, no effect could be seen; if it lies below zero, they did harm.

# sphinx_gallery_thumbnail_path = '_static/thumbnails/04_augmentation.png'
