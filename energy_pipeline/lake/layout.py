"""Names in the lake: which path a table's day has.

What belongs here: paths relative to the lake's root, and reading days back from them.
What does not: touching a file.

    <nn_stage>/<table>/date=YYYY-MM-DD/part.parquet           a computed table's day
    <nn_stage>/<table>/date=YYYY-MM-DD/<content>.parquet      a raw table's vintages of a day
    <nn_stage>/<table>/date=YYYY-MM-DD/versions/0001-<c>.parquet   every decision ever made for a day
    <nn_stage>/<table>/month=YYYY-MM/part.parquet             a closed month, merged
"""

from __future__ import annotations

import re
from datetime import date

from energy_pipeline.contracts import TABLES
from energy_pipeline.contracts.model import Stage, stage_folder

FILE_FOLDERS: dict[str, Stage] = {"report": "reporting", "nominations": "portfolio"}
"""Folders of files that are no tables, and the stage that owns them."""

_DATE_FILE = re.compile(r"/date=(\d{4}-\d{2}-\d{2})/([^/]+)\.parquet$")
_MONTH_FILE = re.compile(r"/month=(\d{4}-\d{2})/part\.parquet$")
_NAMED_BY_CONTENT = re.compile(r"/(?:versions/\d{4,}-)?([0-9a-f]{16}|[0-9a-f]{32})\.parquet$")
_FOLDER = re.compile(r"/(?:date|month)=(\d{4}-\d{2}(?:-\d{2})?)/")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=+-]*")


def table_folder(name: str) -> str:
    """Folder of a table or of plain files.

    >>> table_folder("positions"), table_folder("report")
    ('08_portfolio/positions', '10_reporting/report')
    """
    stage = FILE_FOLDERS.get(name)
    if stage is None:
        if name not in TABLES:
            raise KeyError(f"no table {name!r} in the lake; known: {', '.join((*TABLES, *FILE_FOLDERS))}")
        stage = TABLES[name].stage
    return f"{stage_folder(stage)}/{name}"


def day_folder(name: str, day: date) -> str:
    """Folder of a table's day."""
    return f"{table_folder(name)}/date={day.isoformat()}"


def part_path(name: str, day: date) -> str:
    """The one file of a computed table's day.

    >>> part_path("signals", date(2019, 4, 3))
    '07_strategies/signals/date=2019-04-03/part.parquet'
    """
    return f"{day_folder(name, day)}/part.parquet"


def vintage_path(name: str, day: date, sha256: str) -> str:
    """The file of a raw vintage, named by its content."""
    return f"{day_folder(name, day)}/{sha256[:32]}.parquet"


def month_path(name: str, month: date) -> str:
    """The merged file of the calendar month that `month` falls into."""
    return f"{table_folder(name)}/month={month:%Y-%m}/part.parquet"


def month_start(day: date) -> date:
    """First day of the calendar month."""
    return day.replace(day=1)


def day_of_file(path: str) -> date | None:
    """The day a table's file belongs to, None for months, versions and other files.

    >>> day_of_file("07_strategies/signals/date=2019-04-03/part.parquet")
    datetime.date(2019, 4, 3)
    """
    match = _DATE_FILE.search(path)
    return date.fromisoformat(match.group(1)) if match else None


def month_of_file(path: str) -> date | None:
    """First day of the month a merged file holds, None for other files."""
    match = _MONTH_FILE.search(path)
    return date.fromisoformat(f"{match.group(1)}-01") if match else None


def folder_of_file(path: str) -> str:
    """The day or month a file's folder is named by, empty where there is none.

    >>> folder_of_file("07_strategies/signals/date=2019-04-03/part.parquet"), folder_of_file("07_strategies/signals/month=2019-04/part.parquet")
    ('2019-04-03', '2019-04')
    """
    match = _FOLDER.search(path)
    return match.group(1) if match else ""


def content_in_name(path: str) -> str:
    """The beginning of the content hash that a vintage or a version is named by, empty for other files.

    >>> content_in_name("08_portfolio/positions/date=2019-04-03/versions/0002-0123456789abcdef.parquet")
    '0123456789abcdef'
    """
    match = _NAMED_BY_CONTENT.search(path)
    return match.group(1) if match else ""


def plain_name(name: str, what: str) -> str:
    """`name` itself when it is safe as a file name, else ValueError."""
    if not _PLAIN_NAME.fullmatch(name):
        raise ValueError(f"{what} {name!r} is no plain file name: use letters, digits and . _ = + -, beginning with a letter or digit")
    return name
