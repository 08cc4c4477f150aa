"""Fitted models by content key: `03_forecasting/_artefacts/<kind>/<key>.bin`.

What belongs here: bytes in, bytes out. What does not: how a model is fitted, what the
key is made of, or how the bytes are read (forecasting).
"""

from __future__ import annotations

from collections.abc import Collection

from energy_pipeline.contracts.model import stage_folder
from energy_pipeline.lake.layout import plain_name
from energy_pipeline.lake.storage import Storage


class ArtefactStore:
    """Fitted artefacts of a lake; safe for many writers, since a key names its content.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from energy_pipeline.lake.storage import LocalStorage
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = ArtefactStore(LocalStorage(Path(folder)))
    ...     store.put("xgboost", "ab12", b"model")
    ...     store.get("xgboost", "ab12"), store.get("xgboost", "other")
    (b'model', None)
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    @staticmethod
    def _path(kind: str, key: str) -> str:
        return f"{stage_folder('forecasting')}/_artefacts/{plain_name(kind, 'artefact kind')}/{plain_name(key, 'artefact key')}.bin"

    def get(self, kind: str, key: str) -> bytes | None:
        """The artefact's bytes, None when there is none."""
        try:
            return self._storage.read_bytes(self._path(kind, key))
        except FileNotFoundError:
            return None

    def sweep(self, named: Collection[tuple[str, str]]) -> int:
        """Remove every artefact that is not among these (kind, key); returns how many there were. What is missed is fitted again."""
        kept, count = {self._path(kind, key) for kind, key in named}, 0
        for path in self._storage.files(f"{stage_folder('forecasting')}/_artefacts"):
            if path not in kept:
                self._storage.delete(path)
                count += 1
        return count

    def put(self, kind: str, key: str, data: bytes) -> None:
        """Store an artefact atomically; the same bytes again write nothing."""
        if self.get(kind, key) != data:
            self._storage.write_bytes(self._path(kind, key), data)
