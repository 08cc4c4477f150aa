"""What a day's numbers were made from: the code, the data as the decision saw it, fitted models, and the raw answers behind the data.

What belongs here: finding these for a decided day, as data. What does not: printing (`cli.report`), or the page's own list of sources.

Everything is what the run itself recorded: `runs` (code with its git commit, desk), `information_set` (a hash of the visible rows of
each series), `forecast_models` (artefacts), the lake's vintages and the archive of answers.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from energy_pipeline.contracts.model import stage_folder
from energy_pipeline.contracts.raw import RAW_TABLES
from energy_pipeline.domain.errors import MissingDayError
from energy_pipeline.fetching.archive import AnswerArchive
from energy_pipeline.lake import Lake


@dataclass(frozen=True)
class Series:
    """A raw series as the decision saw it: rows, their hash, the last instant among them, and how it stood."""

    raw_table: str
    series: str
    rows: int
    content_hash: str
    last_known_at: datetime
    status: str


@dataclass(frozen=True)
class Artefact:
    """A fitted model: whose, its hash, the file it lies in, and whether that is there (it is a cache: a lost one is fitted again)."""

    zone: str
    model: str
    content_hash: str
    path: str
    is_there: bool


@dataclass
class Provenance:
    """What a day was made from.

    Attributes
    ----------
    runs : list of dict
        Rows of `runs`, first to last: code version with its commit, desk and its hash, the cut.
    series : list of Series
    vintages : dict of str to list of str
        Files of raw rows of the day and the day before, by raw table.
    artefacts : list of Artefact
    answers : list of str
        Records of raw answers about these two days that were received by the decision time; none for a desk that reads files.
    """

    day: date
    decision_time: datetime
    runs: list[dict[str, Any]] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    vintages: dict[str, list[str]] = field(default_factory=dict)
    artefacts: list[Artefact] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def trace(lake: Lake, day: date) -> Provenance:
    """What a decided day was made from; MissingDayError for one that is not."""
    cut = lake.read("information_set", day, day)
    if not cut.height:
        raise MissingDayError("information_set", [day], f"energy-pipeline run {day}")
    found = Provenance(day, cut["decision_time"][0])
    found.runs = lake.read("runs", day, day, missing="skip").sort("recorded_at", "run_flow").to_dicts()
    found.series = _series(cut)
    before = day - timedelta(days=1)
    for contract in RAW_TABLES:
        listed = lake.listing(contract.name, before, day)
        found.vintages[contract.name] = [f"{held}/{name}" for held, names in listed.items() for name in names]
    found.artefacts = _artefacts(lake, day)
    found.answers = _answers(lake, day, found.decision_time)
    return found


def _series(cut: pl.DataFrame) -> list[Series]:
    """A line a series; of several months the hash of their hashes."""
    found = []
    for part in cut.partition_by("raw_table", "series", maintain_order=True):
        hashes = part.sort("month")["content_hash"].to_list()
        whole = hashes[0] if len(hashes) == 1 else hashlib.blake2b("".join(hashes).encode(), digest_size=16).hexdigest()
        last = part.sort("last_known_at")["last_known_at"][-1]
        found.append(Series(part["raw_table"][0], part["series"][0], int(part["rows"].sum()), whole, last, part["status"][0]))
    return found


def _artefacts(lake: Lake, day: date) -> list[Artefact]:
    models = lake.read("forecast_models", day, day, missing="skip").filter(pl.col("fitted_for").is_not_null())
    folder = f"{stage_folder('forecasting')}/_artefacts"
    paths = [(row, f"{folder}/{row['zone']}/{row['fitted_for']}.bin") for row in models.to_dicts()]
    return [Artefact(row["zone"], row["model"], row["artefact"], path, lake.storage.exists(path)) for row, path in paths]


def _answers(lake: Lake, day: date, cut: datetime) -> list[str]:
    archive = AnswerArchive(lake.storage)
    begin, end = (datetime(d.year, d.month, d.day, tzinfo=cut.tzinfo) for d in (day - timedelta(days=1), day + timedelta(days=1)))
    answers = [kept for source in archive.sources() for kept in archive.all_of(source)]
    return [kept.path for kept in answers if kept.start < end and kept.end > begin and kept.received_at <= cut]
