"""Fitted models as bytes, kept under the hash of everything they were fitted on.

What belongs here: the store's protocol, one that lives in memory, and the key. What
does not: where a lake keeps them, or what the bytes mean.

Because the key is the hash of the training data, settings and model version, a
corrected archive never meets an artefact fitted on the old one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Protocol

import numpy as np

from energy_pipeline.domain.delivery import FloatArray


class ArtefactStore(Protocol):
    """Where fitted models are kept."""

    def get(self, kind: str, key: str) -> bytes | None:
        """The artefact of that kind and key; None when there is none."""
        ...

    def put(self, kind: str, key: str, data: bytes) -> None:
        """Keep an artefact; the same key always means the same bytes."""
        ...


class MemoryArtefacts:
    """An artefact store that lives as long as the object.

    Examples
    --------
    >>> store = MemoryArtefacts()
    >>> store.put("arima", "k", b"fit")
    >>> store.get("arima", "k"), store.get("arima", "other")
    (b'fit', None)
    """

    def __init__(self) -> None:
        self.data: dict[tuple[str, str], bytes] = {}

    def get(self, kind: str, key: str) -> bytes | None:
        """The artefact of that kind and key; None when there is none."""
        return self.data.get((kind, key))

    def put(self, kind: str, key: str, data: bytes) -> None:
        """Keep an artefact."""
        self.data[kind, key] = data


def artefact_key(settings: str, *arrays: FloatArray) -> str:
    """Hash of settings and training arrays, 32 hex digits.

    >>> artefact_key("v1", np.zeros(2)) == artefact_key("v1", np.zeros((2, 1)))
    False
    """
    digest = hashlib.blake2b(settings.encode(), digest_size=16)
    for array in arrays:
        digest.update(str(array.shape).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def fetch(store: ArtefactStore, kind: str, key: str, fit: Callable[[], bytes]) -> tuple[bytes, str]:
    """The stored artefact, fitted and stored first when there is none, and its content hash (16 hex digits)."""
    data = store.get(kind, key)
    if data is None:
        data = fit()
        store.put(kind, key, data)
    return data, hashlib.blake2b(data, digest_size=8).hexdigest()
