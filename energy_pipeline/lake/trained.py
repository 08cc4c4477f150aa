"""What training jobs found: settings in `03_forecasting/_trained/YYYY-MM-DD.json`, networks in `joint/YYYY-MM-DD_<hash>.npz` below it.

What belongs here: reading all of them, writing one. What does not: what they mean (`information.trained`).
"""

from __future__ import annotations

import hashlib
from datetime import date
from functools import partial
from pathlib import PurePosixPath

from energy_pipeline.contracts.model import stage_folder
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.information.trained import Network, Zones, packed, unpacked
from energy_pipeline.lake.storage import Storage


class TrainedFileError(PipelineError):
    """A file of trained settings or of a network that is none."""


class TrainedSettings:
    """The trainings of a lake."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._folder = f"{stage_folder('forecasting')}/_trained"

    def read(self) -> dict[date, Zones]:
        """Every training, by the day it was made for.

        Raises
        ------
        TrainedFileError
            Naming every file that cannot be read.
        """
        found: dict[date, Zones] = {}
        wrong = []
        for path in sorted(self._storage.files(self._folder)):
            name = PurePosixPath(path)
            if name.suffix != ".json":
                continue
            try:
                found[date.fromisoformat(name.stem)] = unpacked(self._storage.read_bytes(path))
            except (ValueError, TypeError, AttributeError) as reason:
                wrong.append(f"{path}: {reason}")
        if wrong:
            raise TrainedFileError(f"{'; '.join(wrong)} -> delete it, or run energy-pipeline tune for that day again")
        return found

    def write(self, day: date, zones: Zones) -> str:
        """Write a training; returns its path."""
        path = f"{self._folder}/{day.isoformat()}.json"
        self._storage.write_bytes(path, packed(zones))
        return path

    def networks(self) -> dict[date, Network]:
        """Every network, by the day it was trained on; its bytes are read when asked for.

        Raises
        ------
        TrainedFileError
            Naming every file whose name is none, and on reading one whose bytes are not those its name tells.
        """
        found: dict[date, Network] = {}
        wrong = []
        for path in sorted(p for p in self._storage.files(f"{self._folder}/joint") if p.endswith(".npz")):
            day, _, mark = PurePosixPath(path).stem.partition("_")
            try:
                found[date.fromisoformat(day)] = Network(date.fromisoformat(day), mark, partial(self._bytes, path, mark))
            except ValueError as reason:
                wrong.append(f"{path}: {reason}")
        if wrong:
            raise TrainedFileError(f"{'; '.join(wrong)} -> delete it, or run energy-pipeline train again")
        return found

    def write_network(self, day: date, data: bytes) -> str:
        """Write a day's network in the place of an earlier one; returns its path."""
        folder = f"{self._folder}/joint"
        path = f"{folder}/{day.isoformat()}_{_mark(data)}.npz"
        self._storage.write_bytes(path, data)
        for old in self._storage.files(folder):
            if PurePosixPath(old).name.startswith(f"{day.isoformat()}_") and old != path:
                self._storage.delete(old)
        return path

    def _bytes(self, path: str, mark: str) -> bytes:
        data = self._storage.read_bytes(path)
        if _mark(data) != mark:
            raise TrainedFileError(f"{path}: its bytes are not those that were trained -> delete it, and run energy-pipeline train again")
        return data


def _mark(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=8).hexdigest()
