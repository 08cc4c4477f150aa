"""What is kept of past days beyond the process: how a value becomes bytes, and what it hangs on.

What belongs here: the description of a kept value, the store's protocol, the packing. What
does not: where the bytes lie (`lake.past_months`), or the key (`cut_keys`).

A kept value is a pure function of its day's cut, the desk and the code; whoever loses the
bytes loses time and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, Literal, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.information.cut_keys import Reads

T = TypeVar("T")
Room = Literal["features", "forecasting", "renewables"]
"""The stage whose folder it lies in."""


class PastStore(Protocol):
    """Where values of past days lie, one file per room, owner and month."""

    def get(self, room: Room, owner: str, day: date, kind: str, key: str) -> bytes | None:
        """The value kept of that day under that key; None when there is none."""
        ...

    def put(self, room: Room, owner: str, day: date, kind: str, key: str, data: bytes, artefacts: Sequence[tuple[str, str]] = ()) -> None:
        """Keep a value; it stands in the place of one of another key. `artefacts` (kind, key) are those it was made with."""
        ...


@dataclass(frozen=True)
class Past(Generic[T]):
    """How a value of a past day is kept.

    Attributes
    ----------
    room : {"features", "forecasting", "renewables"}
    owner : str
        The zone whose file it is in.
    reads : tuple of Reads
        Every raw series it hangs on; a test compares them with what is read.
    reach_days : int
        How far before its day it reads.
    pack, unpack : callable
        To bytes and back, to the last bit.
    artefacts : callable
        The artefacts (kind, key) a value was made with: as long as it is kept, so are they.
    also : str
        What else it hangs on, such as the marks of networks it was made with.
    """

    room: Room
    owner: str
    reads: tuple[Reads, ...]
    reach_days: int
    pack: Callable[[T], bytes]
    unpack: Callable[[bytes], T]
    artefacts: Callable[[T], Sequence[tuple[str, str]]] = lambda _: ()
    also: str = ""


def pack(arrays: Mapping[str, npt.NDArray[Any]], about: object = None) -> bytes:
    """Arrays (kept as float64) and something JSON can say, as bytes; the same content gives the same bytes.

    >>> unpack(pack({"a": np.array([[1.0, float("nan")]])}, {"note": "x"}))
    ({'a': array([[ 1., nan]])}, {'note': 'x'})
    """
    held = {name: np.ascontiguousarray(values, dtype=np.float64) for name, values in arrays.items()}
    head = json.dumps({"about": about, "shapes": {name: values.shape for name, values in held.items()}}, separators=(",", ":")).encode()
    return b"".join([len(head).to_bytes(4, "little"), head, *(values.tobytes() for values in held.values())])


def unpack(data: bytes) -> tuple[dict[str, FloatArray], object]:
    """What `pack` was given; the arrays are read-only."""
    at = 4 + int.from_bytes(data[:4], "little")
    head = json.loads(data[4:at])
    arrays: dict[str, FloatArray] = {}
    for name, shape in head["shapes"].items():
        count = int(np.prod(shape, dtype=np.int64))
        # A copy: memory that is not aligned is summed in another order, and kept values must be the made ones to the last bit.
        arrays[name] = np.frombuffer(data, dtype=np.float64, count=count, offset=at).reshape(shape).copy()
        arrays[name].setflags(write=False)
        at += 8 * count
    return arrays, head["about"]
