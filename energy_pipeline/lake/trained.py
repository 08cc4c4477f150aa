"""Settings that training jobs found: `03_forecasting/_trained/YYYY-MM-DD.json`.

What belongs here: reading all of them, writing one. What does not: what they mean (`information.trained`).
"""

from __future__ import annotations

from datetime import date
from pathlib import PurePosixPath

from energy_pipeline.contracts.model import stage_folder
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.information.trained import Zones, packed, unpacked
from energy_pipeline.lake.storage import Storage


class TrainedFileError(PipelineError):
    """A file of trained settings that is none."""


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
