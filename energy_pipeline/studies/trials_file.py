"""Trials of a backtest, added to the desk's file of trials.

What belongs here: a trial as a line, and writing what is new at the end of the file. What does not: running them (`strategy_backtest`),
what their number means (`strategies.trials`).
"""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta
from pathlib import Path

from energy_pipeline.desk.strategies import Strategy
from energy_pipeline.lake.source_files import SourceFiles
from energy_pipeline.strategies.results import Result
from energy_pipeline.strategies.trials import COLUMNS, checked_trials, identity_of
from energy_pipeline.studies.strategy_backtest import Backtest

NOT_OF_THE_RULE = {"kind", "explanation", "trials"}


def record(found: Backtest, data: Path, known_at: datetime) -> int:
    """Add the trials of a backtest that the desk's file does not hold yet; their number, 0 for a desk without a file.

    Raises
    ------
    SourceError
        The file holds something else than trials.
    """
    name = found.desk.record.trials
    if name is None or found.judged is None:
        return 0
    path = data / name
    held = set(checked_trials(SourceFiles(data).load(name), name)["identity"].to_list()) if path.exists() else set()
    lines = {line[1]: line for line in (_line(found, *trial, known_at) for trial in found.trials())}
    fresh = [line for identity, line in lines.items() if identity not in held]
    if fresh:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([COLUMNS, *fresh] if not path.exists() else fresh)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(text.getvalue())
    return len(fresh)


def _line(found: Backtest, strategy: Strategy, result: Result, known_at: datetime) -> list[str]:
    parameters = json.dumps(strategy.model_dump(mode="json", exclude=NOT_OF_THE_RULE), sort_keys=True)
    identity = identity_of(strategy.kind, parameters, strategy.zone, found.first, found.last, found.data)
    span = [found.first + timedelta(days=n) for n in range((found.last - found.first).days + 1)]
    earned = dict(zip(result.days, result.net_eur.tolist(), strict=True))
    net = ";".join(f"{earned[day]:.2f}" if day in earned else "" for day in span)
    told = (found.name, strategy.kind, parameters, strategy.zone, str(found.first), str(found.last), found.data, net)
    return [known_at.isoformat(timespec="seconds"), identity, *told]
