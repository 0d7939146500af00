"""Our training steps are those of ctgan: given the same draws, the same weights after each of them.

Draws are taken in other ways than ctgan takes them, so those of our training are written down, and
ctgan gets the same ones, of its own shapes, through the names that its modules draw by.
"""

from __future__ import annotations

from collections import defaultdict, deque
from types import SimpleNamespace

import ctgan.synthesizers.ctgan as theirs_gan
import ctgan.synthesizers.tvae as theirs_vae
import numpy as np
import pandas as pd
import pytest
import torch

from synthhealth.models.networks.draws import Draws
from synthhealth.models.networks.gan import TrainedCTGAN
from synthhealth.models.networks.table import code_table
from synthhealth.models.networks.vae import TrainedTVAE
from synthhealth.models.seeding import seeded

N_ROWS, BATCH, EPOCHS = 60, 20, 10


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    group = rng.integers(0, 3, N_ROWS)
    return pd.DataFrame(
        {
            "x": rng.normal(group, 1.0),
            "group": group,
            "y": np.where(rng.random(N_ROWS) < 0.5, rng.normal(0, 1, N_ROWS), 20.0 + group),
            "sex": rng.integers(0, 2, N_ROWS),
        }
    )


class Recorded(Draws):
    """Our draws, written down by kind."""

    def __init__(self, device: torch.device) -> None:
        super().__init__(device)
        self.made: dict[str, deque[torch.Tensor]] = defaultdict(deque)


def _record(kind: str):
    def draw(self, *size):
        drawn = getattr(Draws, kind)(self, *size)
        self.made[kind].append(drawn.clone())
        return drawn

    return draw


for _kind in ("normal", "gumbel", "uniform", "mix", "order", "halves"):
    setattr(Recorded, _kind, _record(_kind))


def instead(module, **replaced):
    """Give a module of which some names are others."""
    names = {name: getattr(module, name) for name in dir(module)}
    return SimpleNamespace(**(names | replaced))


def weights_of(network) -> torch.Tensor:
    """Give all weights but the biases before a batch norm.

    It takes them away again, so that their gradient is zero but for rounding, of which Adam makes a
    step as long as any other.
    """
    weights = {
        name: weight.detach().flatten()
        for name, weight in network.named_parameters()
        if not name.endswith("fc.bias")
    }
    return torch.cat(list(weights.values()))


# ---- CTGAN ----------------------------------------------------------------------------------


def our_gan(table, discrete, settings):
    """Train ours; give it, its draws, the coded rows, and the weights before and after."""
    kept = {}

    def draws(device):
        kept["draws"] = Recorded(device)
        return kept["draws"]

    class Ours(TrainedCTGAN):
        pass

    Ours.draws = staticmethod(draws)
    model = Ours(watch=range, enable_gpu=False, **settings)
    with seeded(1):
        model.fit(table, discrete)
    return model, kept["draws"]


class ReplayedRows:
    """ctgan's sampler of conditions and rows, which gives what ours has drawn."""

    def __init__(self, conditions, made) -> None:
        self.conditions, self.made = conditions, made

    def dim_cond_vec(self):
        return self.conditions.n_levels

    def sample_condvec(self, batch):
        if not self.conditions.n_levels:
            return None
        asked = self.conditions.ask(self.made["uniform"].popleft())
        spans = self.conditions.spans
        places = {int(span): place for place, span in enumerate(spans.unique())}
        column = np.array([places[int(span)] for span in spans[asked]])
        vector = np.eye(self.conditions.n_levels, dtype="float32")[asked]
        return vector, np.eye(len(places), dtype="float32")[column], column, asked.numpy()

    def sample_data(self, data, n, column, asked):
        uniform = self.made["uniform"].popleft()
        if column is None:
            return data[(uniform * len(data)).long()]
        return data[self.conditions.rows(torch.from_numpy(asked), uniform)]


class ReplayedDropout(torch.nn.Module):
    def __init__(self, made) -> None:
        super().__init__()
        self.made = made

    def forward(self, rows):
        return rows * self.made.popleft()


def split_dropouts(halves, n_layers, critic_steps):
    """Bring masks into ctgan's order: layers of synthetic, real and mixed rows one after another.

    The generator's step has those of synthetic rows alone.
    """
    split = deque()
    while halves:
        for _ in range(critic_steps):
            layers = [halves.popleft().chunk(3) for _ in range(n_layers)]
            split.extend(layers[layer][part] for part in range(3) for layer in range(n_layers))
        split.extend(halves.popleft() for _ in range(n_layers))
    return split


def their_gan(monkeypatch, table, discrete, settings, ours, made):
    with seeded(1):
        coder, coded = code_table(table, discrete)
    spans = [span for column in coder.output_info_list for span in column]
    gumbel = deque(
        drawn[:, start : start + span.dim]
        for drawn in made["gumbel"]
        for start, span in zip(np.cumsum([0, *(s.dim for s in spans)]), spans, strict=False)
        if span.activation_fn == "softmax"
    )
    halves = split_dropouts(
        made["halves"], len(settings["discriminator_dim"]), settings["discriminator_steps"]
    )

    def shuffle(order):
        order[:] = made["order"].popleft().numpy()

    def gumbel_softmax(logits, tau, **_):
        return torch.softmax((logits + gumbel.popleft()) / tau, dim=-1)

    alike = SimpleNamespace(
        output_info_list=coder.output_info_list,
        output_dimensions=coder.output_dimensions,
        fit=lambda *_: None,
        transform=lambda _: coded.astype(float),
    )
    replaced = {
        "torch": instead(
            torch,
            normal=lambda **_: made["normal"].popleft(),
            rand=lambda *_, **__: made["mix"].popleft().view(-1, 1, 1),
        ),
        "functional": instead(torch.nn.functional, gumbel_softmax=gumbel_softmax),
        "np": instead(np, random=instead(np.random, shuffle=shuffle)),
        "Dropout": lambda _: ReplayedDropout(halves),
        "DataSampler": lambda *_: ReplayedRows(ours.conditions, made),
        "DataTransformer": lambda: alike,
    }
    for name, replacement in replaced.items():
        monkeypatch.setattr(theirs_gan, name, replacement)
    model = theirs_gan.CTGAN(enable_gpu=False, epochs=EPOCHS, **settings)
    with seeded(1):
        code_table(table, discrete)  # draws what ours has drawn before its networks
        model.fit(table, discrete)
    assert not halves
    assert not gumbel
    assert not any(made[kind] for kind in ("normal", "uniform", "mix", "order"))
    return model


@pytest.mark.parametrize(
    ("discrete", "others"),
    [
        (("group", "sex"), {}),
        (("group", "sex"), {"pac": 2, "discriminator_steps": 2, "log_frequency": False}),
        ((), {"discriminator_dim": (12,)}),
    ],
    ids=["as by default", "packs", "no condition"],
)
def test_ctgan_has_the_same_weights(monkeypatch, table, discrete, others):
    settings = {
        "batch_size": BATCH,
        "pac": 1,
        "embedding_dim": 8,
        "generator_dim": (16, 12),
        "discriminator_dim": (16, 10),
        "generator_lr": 1e-3,
        "discriminator_lr": 2e-3,
        "discriminator_steps": 1,
    } | others
    table = table if discrete else table[["x", "y"]]
    ours, draws = our_gan(table, discrete, settings | {"epochs": EPOCHS})
    theirs = their_gan(monkeypatch, table, discrete, settings, ours, draws.made)
    moved = weights_of(ours.network), weights_of(theirs._generator)
    untrained, _ = our_gan(table, discrete, settings | {"epochs": 0})
    begun = weights_of(untrained.network)
    assert (moved[0] - begun).abs().mean() > 2e-3
    assert (moved[0] - moved[1]).abs().max() < 2e-5
    last = theirs.loss_values.iloc[-1]
    # The critic's last bias is such a one, too, and adds to every score.
    assert ours.losses["generator"] == pytest.approx(last["Generator Loss"], abs=2e-3)
    assert ours.losses["discriminator"] == pytest.approx(last["Discriminator Loss"], abs=1e-4)


# ---- TVAE -----------------------------------------------------------------------------------


def our_vae(table, discrete, settings):
    kept = {}

    def draws(device):
        kept["draws"] = Recorded(device)
        return kept["draws"]

    class Ours(TrainedTVAE):
        pass

    Ours.draws = staticmethod(draws)
    model = Ours(watch=range, enable_gpu=False, **settings)
    with seeded(1):
        model.fit(table, discrete)
    return model, kept["draws"]


def test_tvae_has_the_same_weights(monkeypatch, table):
    discrete = ("group", "sex")
    settings = {"batch_size": 25, "embedding_dim": 8, "compress_dims": (16, 12), "loss_factor": 2}
    ours, draws = our_vae(table, discrete, settings | {"epochs": EPOCHS})
    made = draws.made
    with seeded(1):
        coder, coded = code_table(table, discrete)

    class Batches:
        def __init__(self, dataset, batch_size, **_) -> None:
            self.rows, self.size = dataset.tensors[0], batch_size

        def __iter__(self):
            for chosen in made["order"].popleft().split(self.size):
                yield (self.rows[chosen],)

    alike = SimpleNamespace(
        output_info_list=coder.output_info_list,
        output_dimensions=coder.output_dimensions,
        fit=lambda *_: None,
        transform=lambda _: coded.astype(float),
    )
    monkeypatch.setattr(theirs_vae, "DataLoader", Batches)
    monkeypatch.setattr(theirs_vae, "DataTransformer", lambda: alike)
    monkeypatch.setattr(
        theirs_vae, "torch", instead(torch, randn_like=lambda _: made["normal"].popleft())
    )
    theirs = theirs_vae.TVAE(enable_gpu=False, epochs=EPOCHS, **settings)
    with seeded(1):
        code_table(table, discrete)
        theirs.fit(table, discrete)
    assert not made["normal"]
    assert not made["order"]
    begun = weights_of(our_vae(table, discrete, settings | {"epochs": 0})[0].network)
    moved = weights_of(ours.network), weights_of(theirs.decoder)
    assert (moved[0] - begun).abs().mean() > 2e-3
    assert (moved[0] - moved[1]).abs().max() < 2e-5
    last = theirs.loss_values["Loss"].iloc[-1]
    assert ours.losses["loss"] == pytest.approx(last, rel=1e-4)
