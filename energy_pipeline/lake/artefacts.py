"""Fitted models: `03_forecasting/_artefacts/<zone>/<day of the fits>.bin`, each with everything fitted for a zone on one day.

What belongs here: bytes in, bytes out. What does not: how a model is fitted, what the
key is made of, or how the bytes are read (forecasting).

A file is a cache like the months of past days (`past_months`): read whole, replaced whole, and as good as none where its
checksum says so.
"""

from __future__ import annotations

from collections.abc import Collection

from energy_pipeline.contracts.model import stage_folder
from energy_pipeline.information.artefacts import Bundle
from energy_pipeline.lake.layout import plain_name
from energy_pipeline.lake.sealed import opened, sealed
from energy_pipeline.lake.storage import Storage

_MAGIC = b"energy_pipeline artefacts 1\n"
_HELD_BYTES = 64_000_000
"""What waits for `flush` at most."""

Fits = dict[tuple[str, str], bytes]
"""Artefacts of a bundle by kind and key."""


class ArtefactStore:
    """Fitted artefacts of a lake; a key names its content.

    What is put is visible to this object at once and to others after `flush`, so that a day's fits of a zone are one file.
    Two processes that write the same file lose at most what the slower had not seen.

    Examples
    --------
    >>> import tempfile
    >>> from datetime import date
    >>> from pathlib import Path
    >>> from energy_pipeline.lake.storage import LocalStorage
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store, today = ArtefactStore(LocalStorage(Path(folder))), Bundle("FR", date(2026, 3, 1))
    ...     store.put(today, "xgboost", "ab12", b"model")
    ...     written = store.flush()
    ...     again = ArtefactStore(LocalStorage(Path(folder)))
    ...     written, again.get(today, "xgboost", "ab12"), again.get(today, "xgboost", "other")
    (1, b'model', None)
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._fresh: dict[Bundle, Fits] = {}
        self._last: tuple[Bundle, Fits] | None = None

    def get(self, bundle: Bundle, kind: str, key: str) -> bytes | None:
        """The artefact's bytes, None when there is none."""
        found = self._fresh.get(bundle, {}).get((kind, key))
        if found is not None:
            return found
        if self._last is None or self._last[0] != bundle:
            self._last = bundle, self._read(bundle)
        return self._last[1].get((kind, key))

    def put(self, bundle: Bundle, kind: str, key: str, data: bytes) -> None:
        """Keep an artefact."""
        _path(bundle)  # a name that cannot be a file is refused now
        self._fresh.setdefault(bundle, {})[kind, key] = data
        if sum(len(part) for fits in self._fresh.values() for part in fits.values()) > _HELD_BYTES:
            self.flush()

    def flush(self) -> int:
        """Write the files that have something new, united with what others wrote; returns how many."""
        written = 0
        for bundle, fresh in self._fresh.items():
            held = self._read(bundle)
            if fresh.items() <= held.items():
                continue
            ordered = sorted((held | fresh).items())
            self._storage.write_bytes(_path(bundle), sealed(_MAGIC, [name for name, _ in ordered], [part for _, part in ordered]))
            written += 1
        self._fresh, self._last = {}, None
        return written

    def sweep(self, named: Collection[tuple[str, str]]) -> int:
        """Remove every file that is not among these (owner, day); returns how many there were. What is missed is fitted again."""
        kept, count = {_file(*name) for name in named}, 0
        for path in self._storage.files(f"{stage_folder('forecasting')}/_artefacts"):
            if path not in kept:
                self._storage.delete(path)
                count += 1
        return count

    def _read(self, bundle: Bundle) -> Fits:
        try:
            data = self._storage.read_bytes(_path(bundle))
        except FileNotFoundError:
            return {}
        return {(kind, key): part for (kind, key), part in opened(_MAGIC, data)}


def _path(bundle: Bundle) -> str:
    return _file(*bundle.name)


def _file(owner: str, day: str) -> str:
    return f"{stage_folder('forecasting')}/_artefacts/{plain_name(owner, 'owner')}/{plain_name(day, 'day')}.bin"
