"""Audits: Great Expectations over the days that were just written, in a process of its own.

What belongs here: where an audit's store and pages lie, starting one beside other work, the index of all.
What does not: the audit itself (`lake.audit`), or printing (`cli`).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from energy_pipeline.domain.delivery import days_between
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.lake import Lake
from energy_pipeline.settings import Settings

INDEX = "index.html"


class AuditFailedError(PipelineError):
    """An audit's process ended without a verdict."""


@dataclass(frozen=True)
class Verdict:
    """What an audit said, as far as a caller in another process needs it.

    Attributes
    ----------
    first, last : str
        The span, ISO dates.
    tables : int
        Tables judged.
    failed : dict of str to list of str
        Failed expectations by table.
    page : str
        Data Docs of it.
    """

    first: str
    last: str
    tables: int
    failed: dict[str, list[str]]
    page: str


def audit_root(settings: Settings) -> Path:
    """The folder of all audits: beside the warehouse, so it is local when the lake is not."""
    return settings.warehouse.parent / "audit"


def audit_span(settings: Settings, first: date, last: date) -> Verdict:
    """Audit the days the lake holds of a span; the verdict is kept beside the pages, and the index drawn anew.

    Raises
    ------
    PipelineError
        When the lake holds none of the days.
    """
    from energy_pipeline.lake.audit import audit

    lake = Lake(settings.lake)
    held = set(lake.days("information_set"))
    days = [day for day in days_between(first, last) if day in held]
    if not days:
        raise PipelineError(f"the lake {settings.lake} holds no decided day of {first} .. {last} -> energy-pipeline run {first}")
    folder = audit_root(settings) / f"{first}_{last}"
    found = audit(lake, days, folder)
    failed = {name: result.failed_expectations for name, result in found.failed.items()}
    verdict = Verdict(first.isoformat(), last.isoformat(), len(found.results), failed, str(found.page))
    (folder / "verdict.json").write_text(json.dumps(verdict.__dict__, indent=1), encoding="utf-8")
    draw_index(audit_root(settings))
    return verdict


def draw_index(root: Path) -> Path:
    """A page that lists every audit kept, newest span first."""
    kept = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(root.glob("*/verdict.json"), reverse=True)]
    rows = "".join(_row(root, verdict) for verdict in kept)
    head = "<tr><th>first</th><th>last</th><th>tables</th><th>failed</th><th>pages</th></tr>"
    page = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Audits</title><h1>Audits</h1><table>{head}{rows}</table></html>\n'
    path = root / INDEX
    path.write_text(page, encoding="utf-8")
    return path


def _row(root: Path, verdict: dict[str, object]) -> str:
    page = Path(str(verdict["page"]))
    link = page.relative_to(root.resolve()) if page.is_relative_to(root.resolve()) else page
    failed = verdict["failed"]
    names = ", ".join(failed) if isinstance(failed, dict) and failed else "none"
    cells = (verdict["first"], verdict["last"], verdict["tables"], names, f'<a href="{link}">Data Docs</a>')
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


class AuditProcess:
    """An audit that runs beside other work.

    Parameters
    ----------
    first, last : date
        The span; its days are written already.
    """

    def __init__(self, settings: Settings, first: date, last: date) -> None:
        self._first, self._last = first, last
        self._verdict = audit_root(settings) / f"{first}_{last}" / "verdict.json"
        self._verdict.unlink(missing_ok=True)
        command: Sequence[str] = (sys.executable, "-m", "energy_pipeline.cli", "audit", str(first), str(last))
        places = ["--lake", str(settings.lake), "--desk", str(settings.desk_path)]
        self._process = subprocess.Popen([*command, *places], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # noqa: S603 - our own program

    def verdict(self) -> Verdict:
        """Wait for it.

        Raises
        ------
        AuditFailedError
            With what the process said, when it left no verdict.
        """
        said, _ = self._process.communicate()
        if not self._verdict.is_file():
            raise AuditFailedError(f"the audit of {self._first} .. {self._last} ended with {self._process.returncode}:\n{said.strip()[-2000:]}")
        return Verdict(**json.loads(self._verdict.read_text(encoding="utf-8")))
