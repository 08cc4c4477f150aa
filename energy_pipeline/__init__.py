"""The daily pipeline of a power-trading desk.

What belongs here: the name, and the one door for notebooks. What does not: anything else. Import the room you need
(`energy_pipeline.portfolio`, `energy_pipeline.risk`, ...); each works from a notebook without Dagster.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from energy_pipeline.runner.notebook import OpenLake


def open(lake: str | Path = "data_lake", desk: str | Path | None = None) -> OpenLake:  # noqa: A001 - as in `rasterio.open`, `zarr.open`
    """A lake for reading: tables as pandas or polars frames with units, by day span; nothing is read before it is asked for.

    Parameters
    ----------
    lake : str or Path
        Folder of the lake, or `s3://bucket/prefix`.
    desk : str or Path, optional
        Desk file, for the time zone of pandas frames; the demo desk where none is named.

    Returns
    -------
    OpenLake

    Raises
    ------
    NotebookError
        There is no such folder.

    Examples
    --------
    >>> import tempfile
    >>> lake = open(tempfile.mkdtemp())
    >>> lake.pnl["2026-03-28":"2026-03-30"].units["total_eur"], lake.pnl["2026-03-28"].polars().collect().height
    ('EUR', 0)
    """
    from energy_pipeline.runner.notebook import OpenLake
    from energy_pipeline.settings import Settings

    given: dict[str, object] = {"lake": lake if "://" in str(lake) else Path(lake)}
    if desk is not None:
        given["desk"] = Path(desk)
    return OpenLake(Settings.load().model_copy(update=given))
