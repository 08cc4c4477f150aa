"""How kernels are compiled: with numba, at first use, kept on disk.

What belongs here: the decorators `kernel`, `part` and `inlined`, the options with their reasons,
`warm`. What does not: any kernel; each stands in the module that explains its mathematics.

A kernel is an ordinary function until it is called. Its options, and why:

- Every kernel is kept on disk (`cache`): compiling costs seconds, loading milliseconds. numba
  looks at the time stamp of the kernel's own file, so its parts stand in that file.
- Every kernel lets other threads run (`nogil`): it touches numbers and arrays only.
- Argument types are stated, and no others are compiled: an array in the wrong layout is a
  TypeError at once instead of seconds of compilation and a second version on disk, and all
  callers get the same machine code. Arrays that are only read are declared so, which accepts
  writable ones too.
- `division="ieee"`: x / 0 is an infinity, as in numpy, where the kernel keeps divisors from zero
  or wants just that. Python's test at each division prevents vector instructions. Otherwise
  `"checked"`: x / 0 raises ZeroDivisionError.
- `sums`: the order of additions, see `ANY_ORDER`. Without it every sum runs in the order written.
"""

from __future__ import annotations

import importlib
import pkgutil
import threading
from collections.abc import Callable, Mapping
from functools import cached_property, update_wrapper
from typing import Any, Generic, Literal, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])
S = TypeVar("S", bound=np.generic)

AS_WRITTEN: frozenset[str] = frozenset()
ANY_ORDER = frozenset({"reassoc", "contract"})
"""Sums may be reordered and products fused into them. The order is fixed at compile time, so that bytes
repeat on one machine, and a sum can use vector instructions."""
ANY_ORDER_ANY_ZERO = ANY_ORDER | {"nsz"}
"""The same, and -0.0 may stand for 0.0: then `0.0 + x` needs no addition."""

KERNELS: list[Kernel[..., Any]] = []
"""Every kernel of the modules imported so far."""
_NEW_PARTS: list[tuple[Callable[..., Any], bool]] = []
_LOCK = threading.RLock()


class Types:
    """numba's types of arguments, by what a kernel does with them."""

    def __init__(self) -> None:
        import numba

        self._numba = numba
        self.number, self.count, self.flag = numba.float64, numba.int64, numba.boolean

    def reads(self, dimensions: int, kind: str = "float64") -> Any:  # noqa: ANN401 - numba has no types
        """A contiguous array that is only read."""
        return self._numba.types.Array(getattr(self._numba, kind), dimensions, "C", readonly=True)

    def writes(self, dimensions: int, kind: str = "float64") -> Any:  # noqa: ANN401
        """A contiguous array that is written."""
        return self._numba.types.Array(getattr(self._numba, kind), dimensions, "C")

    def bundle(self, of: type[Any], *members: Any) -> Any:  # noqa: ANN401
        """A NamedTuple of `read_only` arrays and numbers.

        It reaches the kernel as a plain tuple, to be unpacked by position: what numba keeps on disk must not
        name our classes, or a class that is renamed leaves a store that cannot be read.
        """
        if len(members) != len(of._fields):
            raise ValueError(f"{of.__name__} has {len(of._fields)} members, {len(members)} types were given")
        return self._numba.types.BaseTuple.from_types(members)

    def several(self, member: Any, count: int) -> Any:  # noqa: ANN401
        """A tuple of members of one type."""
        return self._numba.types.UniTuple(member, count)

    def record(self, layout: np.dtype[np.void]) -> Any:  # noqa: ANN401
        """One row of a structured array."""
        return self._numba.from_dtype(layout)


class Kernel(Generic[P, R]):
    """A function that is compiled when it is first called.

    Attributes
    ----------
    function : callable
        As written, in Python.
    """

    def __init__(self, function: Callable[P, R], arguments: Callable[[Types], tuple[Any, ...]], sums: frozenset[str], division: str) -> None:
        self.function, self._arguments, self._sums, self._division = function, arguments, sums, division
        update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run, after compiling at the first call; numbers of another kind, whole ones say, are converted where they are only read."""
        plain: tuple[Any, ...] = tuple([tuple(a) if isinstance(a, tuple) else a for a in args])
        try:
            return self.compiled(*plain, **kwargs)
        except TypeError:
            given = self._as_stated(plain)
            if all(a is b for a, b in zip(plain, given, strict=True)):
                raise
            return self.compiled(*given, **kwargs)

    def _as_stated(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments with arrays that are only read in the stated kind; an array that is written must be right already."""
        from numba import types
        from numba.np.numpy_support import as_dtype

        stated = self.compiled.signatures[0]  # type: ignore[attr-defined]
        return tuple(
            np.ascontiguousarray(arg, dtype=as_dtype(kind.dtype)) if isinstance(kind, types.Array) and not kind.mutable else arg
            for arg, kind in zip(args, stated, strict=True)
        )

    @cached_property
    def compiled(self) -> Callable[P, R]:
        """Numba's function, with one compiled version."""
        import numba
        from numba.extending import register_jitable

        with _LOCK:
            while _NEW_PARTS:
                function, inline = _NEW_PARTS.pop()
                register_jitable(inline="always")(function) if inline else register_jitable(function)
            model = "numpy" if self._division == "ieee" else "python"
            found = numba.njit(cache=True, nogil=True, error_model=model, fastmath=set(self._sums))(self.function)
            found.compile(self._arguments(Types()))
            found.disable_compile()
        return found  # type: ignore[no-any-return]

    @property
    def versions(self) -> int:
        """How many compiled versions there are: 0 before first use, then 1."""
        return len(self.compiled.signatures) if "compiled" in self.__dict__ else 0  # type: ignore[attr-defined]


def read_only(array: npt.NDArray[S]) -> npt.NDArray[S]:
    """The array as a bundle holds it: contiguous, and a view that cannot be written.

    >>> read_only(np.arange(6.0)[::2]).flags.writeable
    False
    """
    view = array.view() if array.flags.c_contiguous else np.ascontiguousarray(array)
    view.setflags(write=False)
    return view


def record(layout: np.dtype[np.void], values: Mapping[str, float]) -> np.void:
    """One row of a structured array, by name; every name is needed and no other allowed.

    >>> record(np.dtype([("a", float), ("b", bool)]), {"b": True, "a": 2})["b"]
    np.True_
    """
    names = layout.names or ()
    if values.keys() != set(names):
        raise ValueError(f"a record of {sorted(names)} was given {sorted(values)}")
    row: np.void = np.array([tuple([values[name] for name in names])], dtype=layout)[0]
    return row


def part(function: F) -> F:
    """Declare a function that kernels of this module call; the compiler decides whether to put it in place."""
    _NEW_PARTS.append((function, False))
    return function


def inlined(function: F) -> F:
    """Declare a part that is always put in place: one so small that a call would cost more, or that keeps a loop from becoming vectors.

    numba fails on conditional expressions in one (a function with `a if b else c` stays a `part`).
    """
    _NEW_PARTS.append((function, True))
    return function


def kernel(
    arguments: Callable[[Types], tuple[Any, ...]],
    *,
    sums: frozenset[str] = AS_WRITTEN,
    division: Literal["checked", "ieee"] = "checked",
) -> Callable[[Callable[P, R]], Kernel[P, R]]:
    """Declare a kernel.

    Parameters
    ----------
    arguments : callable
        Gives the argument types from `Types`; called at first use, since numba is imported then.
    sums : {AS_WRITTEN, ANY_ORDER, ANY_ORDER_ANY_ZERO}
    division : {"checked", "ieee"}

    Examples
    --------
    >>> @kernel(lambda t: (t.reads(1),))
    ... def total(x):
    ...     found = 0.0
    ...     for i in range(x.size):
    ...         found += x[i]
    ...     return found
    >>> KERNELS.remove(total)
    >>> float(total.function(np.ones(3))), total.versions
    (3.0, 0)
    """

    def declared(function: Callable[P, R]) -> Kernel[P, R]:
        found = Kernel(function, arguments, sums, division)
        KERNELS.append(found)
        return found

    return declared


def warm() -> list[str]:
    """Compile every kernel of the package, or load it where it is kept; returns their names."""
    for module in pkgutil.walk_packages(
        [str(p) for p in importlib.import_module("energy_pipeline.mathematics").__path__], "energy_pipeline.mathematics."
    ):
        importlib.import_module(module.name)
    for found in KERNELS:
        _ = found.compiled
    return [f"{found.__module__}.{found.__name__}" for found in KERNELS]  # type: ignore[attr-defined]
