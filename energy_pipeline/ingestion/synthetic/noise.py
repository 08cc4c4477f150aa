"""Hash-seeded smooth noise: the same value at an instant, whoever asks and for what range.

What belongs here: standard normal noise over absolute time, built from knots whose
values are hashes of (seed, name, knot number). What does not: what the noise means.

No recursion: a knot's value needs no earlier knot, so any day stands alone. A knot's
normal is the sum of four 16-bit uniforms: plain integer arithmetic, no library function.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from energy_pipeline.domain.delivery import FloatArray, IntArray

KeyArray = npt.NDArray[np.uint64]
Octaves = tuple[tuple[float, float], ...]
"""(knot distance in hours, share of the variance), shares adding to 1."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_A = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B = np.uint64(0x94D049BB133111EB)
_S16, _S27, _S30, _S31, _S32 = (np.uint64(shift) for shift in (16, 27, 30, 31, 32))
_LOW16_TWICE, _LOW32 = np.uint64(0x0000FFFF0000FFFF), np.uint64(0xFFFFFFFF)
# Knots of different octaves must not fall on the same instants, where all slopes vanish.
_PHASE_STEP_HOURS = 7.381


def keys(seed: int, names: Iterable[str]) -> KeyArray:
    """One 64-bit key per name, shape (len(names),).

    >>> bool(keys(1, ["a"])[0] == keys(1, ["b", "a"])[1])
    True
    """
    return np.array([int.from_bytes(hashlib.blake2b(f"{seed}|{n}".encode(), digest_size=8).digest(), "little") for n in names], dtype=np.uint64)


def _hash(names: KeyArray, index: IntArray) -> KeyArray:
    """Well-mixed 64 bits per (name, index), shape (k, m): the splitmix64 finaliser, twice."""
    x = names[:, None] + index.astype(np.uint64)[None, :] * _GOLDEN
    for _ in range(2):
        x ^= x >> _S30
        x *= _MIX_A
        x ^= x >> _S27
        x *= _MIX_B
        x ^= x >> _S31
    return x


def uniforms(names: KeyArray, index: IntArray) -> FloatArray:
    """Uniforms in [0, 1) per (name, index), shape (k, m)."""
    bits: FloatArray = (_hash(names, index) >> np.uint64(11)).astype(np.float64)
    return bits * 2.0**-53


def normals(names: KeyArray, index: IntArray) -> FloatArray:
    """Close to standard normal per (name, index), within +-3.47, shape (k, m)."""
    bits = _hash(names, index)
    pairs = (bits & _LOW16_TWICE) + ((bits >> _S16) & _LOW16_TWICE)  # two sums of two, one in each half
    total = ((pairs & _LOW32) + (pairs >> _S32)).astype(np.float64)
    # Each summand is uniform on 0..65535; four of them have variance 65536^2 / 3.
    scaled: FloatArray = (total - 2.0 * 65_535.0) * (3.0**0.5 / 65_536.0)
    return scaled


@lru_cache(maxsize=256)
def _between(hours: bytes, octaves: Octaves) -> tuple[tuple[IntArray, IntArray, FloatArray, FloatArray], ...]:
    """Per octave the knots that instants lie between: their numbers, each instant's place among them, the weights left and right.

    The fields of a day share its instants.
    """
    return tuple(_placed(np.frombuffer(hours), number, *octave) for number, octave in enumerate(octaves))


def _placed(hours: FloatArray, number: int, distance: float, share: float) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    position = (hours + number * _PHASE_STEP_HOURS) / distance
    left = np.floor(position).astype(np.int64)
    first = int(left.min())
    part = position - left
    right_weight = part * part * (3.0 - 2.0 * part)
    left_weight = 1.0 - right_weight
    # Scaled so that the variance between two knots is that at a knot.
    scale = share**0.5 / np.sqrt(left_weight * left_weight + right_weight * right_weight)
    return np.arange(first, int(left.max()) + 2, dtype=np.int64), left - first, left_weight * scale, right_weight * scale


def field(names: KeyArray, hours: FloatArray, octaves: Octaves) -> FloatArray:
    """Smooth noise of mean 0 and variance 1 at every instant, shape (len(names), len(hours)).

    Parameters
    ----------
    names : array of uint64, shape (k,)
        From `keys`; equal keys give equal noise.
    hours : array, shape (n,)
        Hours since the epoch, UTC.
    octaves : tuple of (knot distance [h], share of variance)

    Examples
    --------
    >>> alone = field(keys(1, ["wind"]), np.array([10.5]), ((24.0, 1.0),))[0, 0]
    >>> within = field(keys(1, ["x", "wind"]), np.arange(48.0) + 0.5, ((24.0, 1.0),))[1, 10]
    >>> bool(alone == within)
    True
    """
    result = np.zeros((names.size, hours.size))
    for number, (index, at, left_weight, right_weight) in enumerate(_between(hours.tobytes(), octaves)):
        knots = normals(names + np.uint64(number), index)
        result += knots[:, at] * left_weight + knots[:, at + 1] * right_weight
    return result
