"""The language of analyses: from text to the terms of a regression.

::

    analysis  = outcome "~" terms | "logit(" event "~" terms ")"
    outcome   = number | "logit(" event ")" | "Surv(" column "," event ")"
    event     = column [ "==" ( [ "-" ] number | text | "true" | "false" ) ]
    terms     = product { "+" product }
    product   = crossing { "*" crossing }
    crossing  = factor { ":" factor }
    factor    = number | "C(" column ")" | "1"
    number    = column [ "**" "2" ] | ( "log" | "log1p" | "sqrt" ) "(" column ")"
    column    = letters, digits, "_" and "." | "`" anything "`" | '"' anything '"'

``a * b`` means ``a + b + a:b``. It is a grammar of its own: nothing of an analysis is ever run as
code, as patsy and formulaic would, so that one that comes in a file can do no harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from synthhealth.errors import ParameterError

__all__ = ["Event", "Factor", "Formula", "Kind", "Survival", "Term", "parse"]

Kind = Literal["linear", "logistic", "cox"]
Transform = Literal["log", "log1p", "sqrt", "square", "C"]

MAX_LENGTH = 2_000
MAX_TERMS = 60
MAX_CROSSED = 3

_FUNCTIONS: dict[str, Transform] = {"log": "log", "log1p": "log1p", "sqrt": "sqrt", "C": "C"}
_RESERVED = frozenset({*_FUNCTIONS, "logit", "Surv"})

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w.]))
      | (?P<word>[^\W\d]\w*(?:\.\w+)*)
      | (?P<quoted>`[^`]+`|"[^"]+"|'[^']+')
      | (?P<sign>\*\*|==|[-~+:*(),])""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Factor:
    """A column as it stands in a term.

    Attributes
    ----------
    column : str
        Its name.
    transform : str or None
        What is done with its values; ``"C"`` makes levels of them.
    """

    column: str
    transform: Transform | None = None

    def __str__(self) -> str:
        if self.transform in (None, "C"):
            return self.column
        if self.transform == "square":
            return f"{self.column} ** 2"
        return f"{self.transform}({self.column})"


#: The factors that are multiplied.
Term = tuple[Factor, ...]


@dataclass(frozen=True)
class Event:
    """What happens or not: a column of two levels, or a column that has one value.

    Attributes
    ----------
    column : str
        Its name.
    value : str or None
        The value that is the event; None where the column's two levels tell.
    """

    column: str
    value: str | None = None


@dataclass(frozen=True)
class Survival:
    """A time until an event, or until the last time that the patient was seen without it."""

    duration: str
    event: Event


@dataclass(frozen=True)
class Formula:
    """An analysis, read."""

    kind: Kind
    outcome: Factor | Event | Survival
    terms: tuple[Term, ...]

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The columns of the outcome."""
        if isinstance(self.outcome, Survival):
            return self.outcome.duration, self.outcome.event.column
        return (self.outcome.column,)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it needs, each once."""
        terms = (factor.column for term in self.terms for factor in term)
        return tuple(dict.fromkeys((*self.outcomes, *terms)))


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


def parse(text: str, kind: Kind | None = None) -> Formula:
    """Read an analysis.

    Parameters
    ----------
    text : str
        The analysis.
    kind : {"linear", "logistic", "cox"} or None
        What it is; None: its left side says so.

    Raises
    ------
    ParameterError
        It is not of the language, or not of this kind.
    """
    if len(text) > MAX_LENGTH:
        raise ParameterError(f"an analysis has at most {MAX_LENGTH:,} characters")
    try:
        return _Parser(list(_tokens(text)), kind).analysis()
    except _MalformedError as error:
        raise ParameterError(f"analysis {text!r}: {error}") from None


class _MalformedError(Exception):
    """What is wrong with an analysis, in words."""


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _MalformedError(
                f"the sign {text[place]!r} has no meaning here; it may hold columns, +, :, *, "
                "C(), log(), log1p(), sqrt() and ** 2 (put a column's name between backticks if it "
                "holds anything but letters, digits, _ and .)"
            )
        place = match.end()
        if match.lastgroup != "space":
            yield _Token(str(match.lastgroup), match.group())


class _Parser:
    """One pass over the tokens, one method for each line of the grammar."""

    def __init__(self, tokens: list[_Token], kind: Kind | None) -> None:
        self._left = tokens[::-1]
        self._kind = kind

    def analysis(self) -> Formula:
        found, outcome, wrapped = self._outcome()
        if not wrapped:
            self._need("~", "between the outcome and the terms")
        terms = self._terms()
        if wrapped:
            self._need(")", "at the end of logit(...)")
        if self._left:
            raise _MalformedError(f"{self._left[-1].text!r} is not expected {_WHERE}")
        if found == "cox" and not terms:
            raise _MalformedError("a Cox regression needs at least one term")
        formula = Formula(found, outcome, terms)
        for factor in (factor for term in terms for factor in term):
            if factor.column in formula.outcomes:
                raise _MalformedError(f"{factor.column!r} is the outcome and a term; leave one out")
        return formula

    def _outcome(self) -> tuple[Kind, Factor | Event | Survival, bool]:
        if self._calls("Surv"):
            self._is("cox", "Surv(time, event)")
            duration = self._column("the column of the time")
            self._need(",", "between time and event in Surv(time, event)")
            event = self._event()
            self._need(")", "at the end of Surv(time, event)")
            return "cox", Survival(duration, event), False
        if self._calls("logit"):
            self._is("logistic", "logit()")
            event = self._event()
            wrapped = self._take("~")
            if not wrapped:
                self._need(")", "at the end of logit(...)")
            return "logistic", event, wrapped
        if self._kind == "cox":
            raise _MalformedError("the outcome of a Cox regression is written Surv(time, event)")
        if self._kind == "logistic":
            return "logistic", self._event(), False
        factor = self._factor()
        if factor.transform == "C":
            raise _MalformedError(
                "the outcome of a linear regression is a number; for two levels write "
                "logit(outcome)"
            )
        if self._peek() == "==":
            raise _MalformedError(
                f"for whether {factor} has a value, write logit({factor} == value) ~ ..."
            )
        return "linear", factor, False

    def _is(self, kind: Kind, written: str) -> None:
        if self._kind not in (None, kind):
            raise _MalformedError(
                f"{written} is a {kind} regression, but kind is {self._kind!r}; leave kind out"
            )

    def _event(self) -> Event:
        column = self._column("the column of the outcome")
        if not self._take("=="):
            return Event(column)
        sign = "-" if self._take("-") else ""
        token = self._next("a value after ==")
        if token.kind == "number":
            return Event(column, sign + token.text)
        if token.kind == "quoted" and not sign:
            return Event(column, token.text[1:-1])
        if token.text.casefold() in ("true", "false") and not sign:
            return Event(column, token.text.casefold())
        raise _MalformedError("after == stands a number, true, false or a text between quotes")

    def _terms(self) -> tuple[Term, ...]:
        terms: dict[frozenset[Factor], Term] = {}
        while True:
            for term in self._product():
                if term:
                    terms.setdefault(frozenset(term), term)
            if len(terms) > MAX_TERMS:
                raise _MalformedError(f"it has more than {MAX_TERMS} terms; leave some out")
            if not self._take("+"):
                return tuple(sorted(terms.values(), key=len))

    def _product(self) -> list[Term]:
        crossings = [self._crossing()]
        while self._take("*"):
            crossings.append(self._crossing())
        if len(crossings) > MAX_CROSSED:
            raise _MalformedError(f"at most {MAX_CROSSED} columns can be crossed in one term")
        return [
            self._joined([factor for crossing in chosen for factor in crossing])
            for size in range(1, len(crossings) + 1)
            for chosen in combinations(crossings, size)
        ]

    def _crossing(self) -> Term:
        if self._peek_kind() == "number":
            if self._next("a term").text != "1":
                raise _MalformedError(
                    "the only number among the terms is 1, for the intercept, which always stays"
                )
            return ()
        factors = [self._factor()]
        while self._take(":"):
            factors.append(self._factor())
        return self._joined(factors)

    def _joined(self, factors: list[Factor]) -> Term:
        term = tuple(dict.fromkeys(factors))
        if len(term) > MAX_CROSSED:
            raise _MalformedError(f"at most {MAX_CROSSED} columns can be crossed in one term")
        return term

    def _factor(self) -> Factor:
        for name, transform in _FUNCTIONS.items():
            if self._calls(name):
                column = self._column(f"a column in {name}()")
                self._need(")", f"after the column: {name}() takes one column and nothing else")
                return Factor(column, transform)
        column = self._column("a column")
        if not self._take("**"):
            return Factor(column)
        if self._next("2 after **").text != "2":
            raise _MalformedError("the only power is ** 2")
        return Factor(column, "square")

    def _column(self, what: str) -> str:
        token = self._next(what)
        if token.kind == "quoted":
            return token.text[1:-1]
        if token.kind != "word":
            raise _MalformedError(f"{what} is expected in place of {token.text!r}")
        if self._peek() == "(":
            known = ", ".join(sorted(_RESERVED))
            raise _MalformedError(f"{token.text}() is not known here; the functions are {known}")
        return token.text

    def _calls(self, name: str) -> bool:
        if len(self._left) < 2 or self._left[-1].kind != "word":
            return False
        if (self._left[-1].text, self._left[-2].text) != (name, "("):
            return False
        del self._left[-2:]
        return True

    def _peek(self) -> str | None:
        return self._left[-1].text if self._left and self._peek_kind() == "sign" else None

    def _peek_kind(self) -> str | None:
        return self._left[-1].kind if self._left else None

    def _take(self, sign: str) -> bool:
        if self._peek() != sign:
            return False
        self._left.pop()
        return True

    def _next(self, what: str) -> _Token:
        if not self._left:
            raise _MalformedError(f"it ends where {what} is expected")
        return self._left.pop()

    def _need(self, sign: str, where: str) -> None:
        if not self._take(sign):
            raise _MalformedError(f"{sign!r} is missing {where}")


_WHERE = "(an analysis reads like: das28 ~ age + C(sex), or logit(dead) ~ age * sex)"
