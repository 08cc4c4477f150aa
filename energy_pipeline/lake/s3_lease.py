"""A lease on S3, which has no lock: an object that says until when it holds, made on condition that there is none.

What belongs here: taking, renewing and leaving a lease. What does not: what is leased (`lease`).

The newest object of a lease is its holder. While that says it holds, nobody takes the lease; when it has run out, the next number
is made by a conditional put, so that of many who try one succeeds. A holder renews its object from a thread; one that died does not.
Clocks of hosts may differ by less than `LIFE_SECONDS` less `RENEW_SECONDS`.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

LIFE_SECONDS = 180.0
RENEW_SECONDS = 30.0


class Objects(Protocol):
    """What a lease needs of the storage; names are listed hidden or not."""

    def numbered(self, path: str) -> list[str]:
        """Objects named `<path>.<number>`, ascending."""

    def read_bytes(self, path: str) -> bytes:
        """The whole object."""

    def write_bytes(self, path: str, data: bytes) -> None:
        """Put it."""

    def create_bytes(self, path: str, data: bytes) -> bool:
        """Put it where there is none."""

    def delete(self, path: str) -> None:
        """Remove it."""


def take(storage: Objects, path: str, holder: str, now: Callable[[], float] = time.time) -> S3Lease | None:
    """The lease of a path, None while another holds it."""
    held = storage.numbered(path)
    if held and read(storage, held[-1])[1] > now():
        return None
    number = int(held[-1].rpartition(".")[2]) + 1 if held else 1
    own = f"{path}.{number:08d}"
    if not storage.create_bytes(own, _text(holder, now())):
        return None
    if storage.numbered(path)[-1] != own:  # we were slow, and others came and went meanwhile
        storage.delete(own)
        return None
    for old in held:
        storage.delete(old)
    return S3Lease(storage, own, holder, now)


def read(storage: Objects, path: str) -> tuple[str, float]:
    """Who holds by an object, and until when [s since the epoch]."""
    try:
        found = json.loads(storage.read_bytes(path))
    except FileNotFoundError:  # left just now
        return "", 0.0
    return str(found["holder"]), float(found["until"])


def _text(holder: str, now: float) -> bytes:
    return json.dumps({"holder": holder, "until": now + LIFE_SECONDS}).encode()


class S3Lease:
    """A lease that is renewed until it is left, or its process ends."""

    def __init__(self, storage: Objects, path: str, holder: str, now: Callable[[], float]) -> None:
        self._storage, self._path, self._holder, self._now = storage, path, holder, now
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True)
        self._thread.start()

    def _renew(self) -> None:
        while not self._left.wait(RENEW_SECONDS):
            with suppress(OSError):  # a moment without network: the next turn is in time
                self._storage.write_bytes(self._path, _text(self._holder, self._now()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Leave it to others."""
        self._left.set()
        self._thread.join()
        self._storage.delete(self._path)
