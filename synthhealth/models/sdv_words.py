"""What SDV calls its parameters, and what each of them is here."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

__all__ = ["SDV_WORDS", "SDVWord", "in_our_words", "words_for"]


@dataclass(frozen=True)
class SDVWord:
    """A parameter of SDV's synthesizers of one table.

    Attributes
    ----------
    name : str
        As SDV calls it.
    families : tuple of str
        The families whose synthesizer in SDV has it; empty: all of them.
    ours : str
        The parameter that it is here; empty where there is none.
    instead : str
        What decides it where a family has no such parameter, as the end of a sentence.
    """

    name: str
    families: tuple[str, ...] = ()
    ours: str = ""
    instead: str = ""

    def answer(self, parameters: Collection[str]) -> str:
        """Say what it is in a family with these parameters.

        Examples
        --------
        >>> word = SDVWord("cuda", ours="enable_gpu", instead="all is done on the processor")
        >>> word.answer(["steps", "enable_gpu"]), word.answer(["min_leaf"])
        ('here it is `enable_gpu`', 'all is done on the processor')
        """
        if self.ours in parameters:
            return f"here it is `{self.ours}`"
        return self.instead or f"it is for {_listed(self.families)} alone"


_GANS = ("copula_gan", "ctgan")
_NETWORKS = (*_GANS, "tvae")
_COPULAS = ("copula_gan", "gaussian_copula")

_NO_MARGINS = "margins are chosen in gaussian_copula and copula_gan alone"
_NO_GPU = "all is done on the processor, and only networks are trained on a GPU"

#: In the order of SDV's own signatures; ``cuda`` is what ``enable_gpu`` was called before SDV 2.
SDV_WORDS = (
    SDVWord("metadata", instead="what the columns are is said by `schema`, beside the model"),
    SDVWord(
        "enforce_min_max_values",
        instead="numbers always keep within limits that no single patient decides, and within "
        "`plausible` of the column in the schema",
    ),
    SDVWord(
        "enforce_rounding",
        instead="numbers always have the decimals of their column, or those that `decimals` of the "
        "column in the schema says",
    ),
    SDVWord(
        "locales",
        instead="fake identifiers have the form that `pattern` of the column in the schema says, "
        "and names and places are English",
    ),
    SDVWord("embedding_dim", _NETWORKS, "embedding_dim"),
    SDVWord("generator_dim", _GANS, "generator_dim"),
    SDVWord("discriminator_dim", _GANS, "discriminator_dim"),
    SDVWord("generator_lr", _GANS, "generator_lr"),
    SDVWord("generator_decay", _GANS, "generator_decay"),
    SDVWord("discriminator_lr", _GANS, "discriminator_lr"),
    SDVWord("discriminator_decay", _GANS, "discriminator_decay"),
    SDVWord("compress_dims", ("tvae",), "compress_dims"),
    SDVWord("decompress_dims", ("tvae",), "decompress_dims"),
    SDVWord("l2scale", ("tvae",), "l2scale"),
    SDVWord("batch_size", _NETWORKS, "batch_size"),
    SDVWord("discriminator_steps", _GANS, "discriminator_steps"),
    SDVWord("log_frequency", _GANS, "log_frequency"),
    SDVWord(
        "verbose",
        _NETWORKS,
        instead="a terminal always shows how far training is (`--quiet`: nothing), and "
        "`on_progress` of `fit` is called after each epoch",
    ),
    SDVWord("epochs", _NETWORKS, "epochs", "it is not trained in epochs, and ends by itself"),
    SDVWord("pac", _GANS, "pac"),
    SDVWord("loss_factor", ("tvae",), "loss_factor"),
    SDVWord("enable_gpu", _NETWORKS, "enable_gpu", _NO_GPU),
    SDVWord("cuda", _NETWORKS, "enable_gpu", _NO_GPU),
    SDVWord("numerical_distributions", _COPULAS, "margins", _NO_MARGINS),
    SDVWord("default_distribution", _COPULAS, "margin", _NO_MARGINS),
)


def in_our_words(name: str, parameters: Collection[str]) -> str:
    """Say what a word of SDV is in a family with these parameters; nothing if it is none.

    Examples
    --------
    >>> in_our_words("default_distribution", ["margin", "margins"])
    'here it is `margin`'
    >>> in_our_words("margn", ["margin", "margins"])
    ''
    """
    return next((word.answer(parameters) for word in SDV_WORDS if word.name == name), "")


def words_for(parameter: str) -> str:
    """Give what SDV calls one of our parameters; nothing where it has none.

    Examples
    --------
    >>> words_for("margin"), words_for("enable_gpu"), words_for("steps")
    ('default_distribution', 'enable_gpu, cuda', '')
    """
    return ", ".join(word.name for word in SDV_WORDS if word.ours == parameter)


def _listed(families: tuple[str, ...]) -> str:
    *others, last = families
    return f"{', '.join(others)} and {last}" if others else last
