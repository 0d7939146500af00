"""A pickle read as data: its instructions are followed, and nothing that they name is run.

A pickle is a program for a small machine. Here is such a machine without any way out: where the
program imports a class, calls a function or rebuilds an object, it gets a note of what it asked
for. So a stranger's file can be looked into, which `pickle.loads` would let do anything.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from typing import IO, Any, NamedTuple

from synthhealth.errors import ArtifactError

__all__ = ["Call", "Name", "read_pickle"]


class Name(NamedTuple):
    """A class or function that the pickle refers to; it is not imported."""

    module: str
    qualified: str


class Call:
    """An object that a call would have made, and what would then have been done with it."""

    __slots__ = ("arguments", "entries", "items", "made_by", "state")

    def __init__(self, made_by: Any, arguments: Any) -> None:
        self.made_by = made_by
        self.arguments = arguments
        self.state: Any = None
        self.items: list[Any] = []
        self.entries: list[tuple[Any, Any]] = []

    @property
    def name(self) -> str:
        """The name of the class or function that was called; empty if that is not known."""
        return self.made_by.qualified if isinstance(self.made_by, Name) else ""

    @property
    def module(self) -> str:
        """Where that is from."""
        return self.made_by.module if isinstance(self.made_by, Name) else ""


class _Mark:
    pass


def read_pickle(file: IO[bytes]) -> Any:
    """Read one pickle, up to its end, as dicts, lists, scalars, `Name` and `Call`.

    Parameters
    ----------
    file : binary file
        It stands after the pickle afterwards.

    Raises
    ------
    ArtifactError
        It is no pickle, or a damaged one.
    """
    machine = _Machine()
    try:
        for code, argument, _ in pickletools.genops(file):
            if code.name == "STOP":
                return machine.stack.pop()
            machine.do(code.name, argument)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise ArtifactError("this is not a pickle, or it is damaged") from error
    raise ArtifactError("this pickle is cut off")


#: What pushes the argument that it carries.
_LITERALS = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE"),
    *("BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    # A list, since what is inert here need not be hashable.
    "EMPTY_SET": list,
    "MARK": _Mark,
}
_NO_EFFECT = frozenset(("PROTO", "FRAME", "READONLY_BUFFER"))
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class _Machine:
    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def do(self, code: str, argument: Any) -> None:
        """Follow one instruction."""
        if code in _LITERALS:
            self.stack.append(argument)
        elif code in _CONSTANTS:
            self.stack.append(_CONSTANTS[code]())
        elif code in _TUPLES:
            self.stack.append(tuple(self._pop(_TUPLES[code])))
        elif code in ("BINGET", "LONG_BINGET", "GET"):
            self.stack.append(self.memo[argument])
        elif code in ("BINPUT", "LONG_BINPUT", "PUT"):
            self.memo[argument] = self.stack[-1]
        elif code == "MEMOIZE":
            self.memo[len(self.memo)] = self.stack[-1]
        elif code not in _NO_EFFECT:
            getattr(self, f"_do_{code.lower()}")(argument)

    def _pop(self, n: int) -> list[Any]:
        if n > len(self.stack):
            raise IndexError("the stack is empty")
        taken = self.stack[len(self.stack) - n :]
        del self.stack[len(self.stack) - n :]
        return taken

    def _to_mark(self) -> list[Any]:
        place = len(self.stack) - 1
        while not isinstance(self.stack[place], _Mark):
            place -= 1
            if place < 0:
                raise IndexError("no mark")
        taken = self.stack[place + 1 :]
        del self.stack[place:]
        return taken

    def _do_tuple(self, _: Any) -> None:
        self.stack.append(tuple(self._to_mark()))

    def _do_list(self, _: Any) -> None:
        self.stack.append(self._to_mark())

    def _do_frozenset(self, _: Any) -> None:
        self.stack.append(self._to_mark())

    def _do_dict(self, _: Any) -> None:
        members = self._to_mark()
        self.stack.append({})
        self._set(zip(members[::2], members[1::2], strict=True))

    def _do_pop_mark(self, _: Any) -> None:
        self._to_mark()

    def _do_pop(self, _: Any) -> None:
        self._pop(1)

    def _do_dup(self, _: Any) -> None:
        self.stack.append(self.stack[-1])

    def _do_append(self, _: Any) -> None:
        self._extend(self._pop(1))

    def _do_appends(self, _: Any) -> None:
        self._extend(self._to_mark())

    _do_additems = _do_appends

    def _do_setitem(self, _: Any) -> None:
        key, value = self._pop(2)
        self._set([(key, value)])

    def _do_setitems(self, _: Any) -> None:
        members = self._to_mark()
        self._set(zip(members[::2], members[1::2], strict=True))

    def _extend(self, members: list[Any]) -> None:
        target = self.stack[-1]
        (target.items if isinstance(target, Call) else target).extend(members)

    def _set(self, members: Any) -> None:
        target = self.stack[-1]
        for key, value in members:
            if isinstance(target, Call):
                target.entries.append((key, value))
            else:
                target[_hashable(key)] = value

    def _do_global(self, argument: str) -> None:
        module, _, qualified = argument.partition(" ")
        self.stack.append(Name(module, qualified))

    def _do_stack_global(self, _: Any) -> None:
        module, qualified = self._pop(2)
        self.stack.append(Name(str(module), str(qualified)))

    def _do_reduce(self, _: Any) -> None:
        self.stack.append(Call(*self._pop(2)))

    _do_newobj = _do_reduce

    def _do_newobj_ex(self, _: Any) -> None:
        made_by, arguments, named = self._pop(3)
        self.stack.append(Call(made_by, (arguments, named)))

    def _do_inst(self, argument: str) -> None:
        module, _, qualified = argument.partition(" ")
        self.stack.append(Call(Name(module, qualified), tuple(self._to_mark())))

    def _do_obj(self, _: Any) -> None:
        made_by, *arguments = self._to_mark()
        self.stack.append(Call(made_by, tuple(arguments)))

    def _do_build(self, _: Any) -> None:
        state = self._pop(1)[0]
        target = self.stack[-1]
        if isinstance(target, Call):
            # An object may be given a state more than once; none of it is lost.
            target.state = state if target.state is None else (target.state, state)

    def _do_persid(self, argument: Any) -> None:
        self.stack.append(Call(Name("", "persistent"), argument))

    def _do_binpersid(self, _: Any) -> None:
        self.stack.append(Call(Name("", "persistent"), self._pop(1)[0]))

    def _do_ext1(self, argument: Any) -> None:
        self.stack.append(Name("copyreg", str(argument)))

    _do_ext2 = _do_ext4 = _do_ext1

    def _do_next_buffer(self, _: Any) -> None:
        self.stack.append(None)


def _hashable(key: Any) -> Any:
    try:
        hash(key)
    except TypeError:
        return repr(type(key)) + str(id(key))
    return key
