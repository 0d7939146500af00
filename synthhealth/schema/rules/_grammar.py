"""The language of rules: from text to an expression.

::

    rule        = "if" condition "then" condition | condition
    condition   = conjunction { "or" conjunction }
    conjunction = negation { "and" negation }
    negation    = "not" negation | test
    test        = sum { ("=" | "==" | "!=" | "<" | "<=" | ">" | ">=") sum }
                | sum [ "not" ] "in" "[" literal { "," literal } "]"
                | column "is" [ "not" ] "missing"
                | "(" condition ")"
    sum         = product { ("+" | "-") product }
    product     = factor { ("*" | "/") factor }
    factor      = "-" factor | literal | column | "(" sum ")"
    literal     = number | text | date | "true" | "false"
    column      = letters, digits, "_" and "." | "`" anything "`"
    text        = '"' anything '"' | "'" anything "'"
    date        = 2024-01-31 | 2024-01-31T08:30 | 2024-01-31T08:30:59

A quote inside quotes, and a backtick inside backticks, is written twice. ``a < b < c`` means
``a < b and b < c``. It is a grammar of its own, small enough to be read, and nothing of it is
ever run as code.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from synthhealth.schema.rules._conditions import (
    Both,
    Comparison,
    Condition,
    Either,
    IsMissing,
    Node,
    Not,
    OneOf,
)
from synthhealth.schema.rules._operands import (
    Arithmetic,
    ColumnName,
    LiteralValue,
    MalformedError,
    Value,
    to_date,
)

MAX_LENGTH = 10_000

#: Together these bound the depth of the expression, so that no rule overflows the stack.
MAX_OPERATIONS = 100
MAX_PARENTHESES = 20

WORDS = frozenset({"if", "then", "and", "or", "not", "in", "is", "missing", "true", "false"})

#: What else than a number, a text or a date begins a choice of ``in [..]``.
_CHOICES = ("-", "true", "false")

_COMPARISONS = {
    "=": "=",
    "==": "=",
    "!=": "!=",
    "≠": "!=",
    "<": "<",
    "<=": "<=",
    "≤": "<=",
    ">": ">",
    ">=": ">=",
    "≥": ">=",
}

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?(?![\w:.]))
      | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w.]))
      | (?P<word>[^\W\d]\w*(?:\.\w+)*)
      | (?P<name>`(?:[^`]|``)*`)
      | (?P<text>"(?:[^"]|"")*"|'(?:[^']|'')*')
      | (?P<sign>[<>=!]=|[-+*/()<>=,\[\]≤≥≠])""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    place: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else f"{self.text!r} at character {self.place}"


def parse(text: str) -> Condition:
    """Parse a rule.

    Raises
    ------
    MalformedError
    """
    if len(text) > MAX_LENGTH:
        raise MalformedError(f"it is longer than {MAX_LENGTH:,} characters")
    return _Parser(_tokens(text)).rule()


def _tokens(text: str) -> list[_Token]:
    tokens = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise MalformedError(_unreadable(text, place))
        if match.lastgroup != "space":
            tokens.append(_Token(str(match.lastgroup), match[0], place + 1))
        place = match.end()
    return [*tokens, _Token("end", "", place + 1)]


def _unreadable(text: str, place: int) -> str:
    character = text[place]
    if character in "`\"'":
        return f"the {character} at character {place + 1} is never closed"
    if character.isdigit():
        return (
            f"the number at character {place + 1} runs into other letters; numbers are written as "
            "0.5, and names that begin with a digit stand in `backticks`"
        )
    return (
        f"{character!r} at character {place + 1} is not understood; names with spaces or signs "
        "stand in `backticks`, text in quotes"
    )


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._operations = 0
        self._parentheses = 0

    def rule(self) -> Condition:
        if self._take("if"):
            premise = self._condition(self._either())
            if not self._take("then"):
                raise self._expected('"then"')
            rule: Condition = Either(Not(premise), self._condition(self._either()))
        else:
            rule = self._condition(self._either())
        if self._token.kind != "end":
            raise self._expected("an operator or the end")
        return rule

    @property
    def _token(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, *texts: str) -> str | None:
        """Step over the next token, if it is one of these words or signs."""
        token = self._token
        if token.kind in ("word", "sign") and token.text in texts:
            self._at += 1
            return token.text
        return None

    def _expected(self, what: str) -> MalformedError:
        hint = ""
        if self._token.kind == "word" and self._token.text.lower() in WORDS:
            hint = "; the words of a rule are in small letters, and a column of such a name stands "
            hint += "in `backticks`"
        elif self._token.text == ",":
            hint = "; numbers are written with a decimal point"
        return MalformedError(f"expected {what}, found {self._token}{hint}")

    def _count(self) -> None:
        self._operations += 1
        if self._operations > MAX_OPERATIONS:
            raise MalformedError(
                f"it has more than {MAX_OPERATIONS} operations; write several rules"
            )

    def _either(self) -> Node:
        left = self._both()
        while self._take("or"):
            self._count()
            left = Either(self._condition(left), self._condition(self._both()))
        return left

    def _both(self) -> Node:
        left = self._negation()
        while self._take("and"):
            self._count()
            left = Both(self._condition(left), self._condition(self._negation()))
        return left

    def _negation(self) -> Node:
        if self._take("not"):
            self._count()
            return Not(self._condition(self._negation()))
        return self._test()

    def _test(self) -> Node:
        left = self._sum()
        if self._take("is"):
            self._count()
            return self._missing(left)
        if self._take("in"):
            return self._one_of(left)
        if self._take("not"):
            if not self._take("in"):
                raise self._expected('"in"')
            return Not(self._one_of(left))
        test: Condition | None = None
        while sign := self._take(*_COMPARISONS):
            self._count()
            right = self._sum()
            comparison = Comparison(_COMPARISONS[sign], self._value(left), self._value(right))
            test = comparison if test is None else Both(test, comparison)
            left = right
        return left if test is None else test

    def _missing(self, left: Node) -> Condition:
        negated = self._take("not")
        if not self._take("missing"):
            raise self._expected('"missing" or "not missing"')
        if not isinstance(left, ColumnName):
            raise MalformedError('"is missing" stands behind the name of a column')
        return Not(IsMissing(left)) if negated else IsMissing(left)

    def _one_of(self, left: Node) -> Condition:
        self._count()
        value = self._value(left)
        if not self._take("["):
            raise self._expected('"["')
        choices = [self._choice()]
        while self._take(","):
            choices.append(self._choice())
        if not self._take("]"):
            raise self._expected('"," or "]"')
        return OneOf(value, tuple(choices))

    def _choice(self) -> LiteralValue:
        start = self._at
        if self._token.kind in ("number", "date", "text") or self._token.text in _CHOICES:
            choice = self._factor()
            if isinstance(choice, LiteralValue):
                return choice
        self._at = start
        raise self._expected("a number, a text in quotes or a date")

    def _sum(self) -> Node:
        left = self._product()
        while sign := self._take("+", "-"):
            self._count()
            left = Arithmetic(sign, self._value(left), self._value(self._product()))
        return left

    def _product(self) -> Node:
        left = self._factor()
        while sign := self._take("*", "/"):
            self._count()
            left = Arithmetic(sign, self._value(left), self._value(self._factor()))
        return left

    def _factor(self) -> Node:
        if self._take("-"):
            self._count()
            operand = self._value(self._factor())
            if isinstance(operand, LiteralValue) and type(operand.value) is float:
                return LiteralValue(-operand.value)
            return Arithmetic("-", LiteralValue(0.0), operand)
        if self._take("("):
            return self._in_parentheses()
        if flag := self._take("true", "false"):
            return LiteralValue(flag == "true")
        return self._operand()

    def _in_parentheses(self) -> Node:
        self._parentheses += 1
        if self._parentheses > MAX_PARENTHESES:
            raise MalformedError(f"more than {MAX_PARENTHESES} parentheses are open")
        inner = self._either()
        if not self._take(")"):
            raise self._expected('")"')
        self._parentheses -= 1
        return inner

    def _operand(self) -> Value:
        token = self._token
        if token.kind not in ("number", "date", "text", "name", "word") or token.text in WORDS:
            raise self._expected("a column, a number or a text in quotes")
        self._at += 1
        if token.kind == "number":
            return LiteralValue(_number(token))
        if token.kind == "date":
            return LiteralValue(to_date(token.text))
        if token.kind == "word":
            return ColumnName(token.text)
        quote = token.text[0]
        content = token.text[1:-1].replace(quote * 2, quote)
        return ColumnName(content) if token.kind == "name" else LiteralValue(content)

    def _value(self, node: Node) -> Value:
        if isinstance(node, (LiteralValue, ColumnName, Arithmetic)):
            return node
        raise MalformedError(
            f"before {self._token}: a condition stands where a column, a number or a text is "
            "expected"
        )

    def _condition(self, node: Node) -> Condition:
        if not isinstance(node, (LiteralValue, ColumnName, Arithmetic)):
            return node
        raise MalformedError(
            f'before {self._token}: a condition is expected, such as a > b or sex == "F"'
        )


def _number(token: _Token) -> float:
    number = float(token.text)
    if math.isinf(number):
        raise MalformedError(f"the number at character {token.place} is too large")
    return number
