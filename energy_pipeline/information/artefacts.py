"""Fitted models as bytes, kept under the hash of everything they were fitted on.

What belongs here: the store's protocol, one that lives in memory, and the key. What
does not: where a lake keeps them, or what the bytes mean.

Because the key is the hash of the training data, settings and model version, a
corrected archive never meets an artefact fitted on the old one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from typing import NamedTuple, Protocol

import numpy as np

from energy_pipeline.domain.delivery import FloatArray


class Bundle(NamedTuple):
    """What is kept in one place: everything fitted for an owner, a zone, on one day."""

    owner: str
    fitted_on: date

    @property
    def name(self) -> tuple[str, str]:
        """The owner and the day as text, as kept values name what they were made with."""
        return self.owner, self.fitted_on.isoformat()


class ArtefactStore(Protocol):
    """Where fitted models are kept."""

    def get(self, bundle: Bundle, kind: str, key: str) -> bytes | None:
        """The artefact of that kind and key; None when there is none."""
        ...

    def put(self, bundle: Bundle, kind: str, key: str, data: bytes) -> None:
        """Keep an artefact; the same key always means the same bytes."""
        ...


class MemoryArtefacts:
    """An artefact store that lives as long as the object.

    Examples
    --------
    >>> store = MemoryArtefacts()
    >>> today = Bundle("FR", date(2026, 3, 1))
    >>> store.put(today, "arima", "k", b"fit")
    >>> store.get(today, "arima", "k"), store.get(today, "arima", "other")
    (b'fit', None)
    """

    def __init__(self) -> None:
        self.data: dict[tuple[Bundle, str, str], bytes] = {}

    def get(self, bundle: Bundle, kind: str, key: str) -> bytes | None:
        """The artefact of that kind and key; None when there is none."""
        return self.data.get((bundle, kind, key))

    def put(self, bundle: Bundle, kind: str, key: str, data: bytes) -> None:
        """Keep an artefact."""
        self.data[bundle, kind, key] = data


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


def fetch(store: ArtefactStore, bundle: Bundle, kind: str, key: str, fit: Callable[[], bytes]) -> bytes:
    """The stored artefact, fitted and stored first when there is none."""
    data = store.get(bundle, kind, key)
    if data is None:
        data = fit()
        store.put(bundle, kind, key, data)
    return data
