"""The table feature_statistics: what of the models' inputs is missing or has moved.

What belongs here: shares unknown, means and the population stability index of each input. What does not: the inputs
(`history`), repair of gaps (`forecasting.panel`), errors of forecasts.

Definition. PSI = sum over bins of (p - q) ln(p / q), q the share of the days before in each of ten bins with equal shares of them, p that of the
last 28 days; a bin nothing falls into counts for half a value. Usual marks: under 0.1 alike, over 0.25 moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.features.groups import GROUP_OF, KNOWN_SHARE, panel_columns, switchable
from energy_pipeline.features.history import zone_history
from energy_pipeline.information.archive import InformationSet

RECENT_DAYS, LEAST_DAYS = 28, 56
BINS = 10


def feature_statistics(info: InformationSet) -> pl.DataFrame:
    """Table feature_statistics of D: every input of every zone, also those whose group is off."""
    contract = table("feature_statistics")
    rows = [row for zone in info.desk.zones for row in _zone_rows(info, zone)]
    return enforce(contract, pl.DataFrame(rows, schema=contract.schema), info.day.day)


def _zone_rows(info: InformationSet, zone: str) -> Iterator[dict[str, Any]]:
    history = zone_history(info, zone)
    head: dict[str, Any] = {"delivery_day": info.day.day, "zone": zone}
    nothing = dict.fromkeys(table("feature_statistics").schema)
    if len(history.prices):
        yield head | _row("price_lag_1d_eur_mwh", history.prices)
    for name, values in zip(history.names, history.columns, strict=True):
        yield head | _row(name, values)
    for group in switchable():
        if group not in info.desk.forecast.features:
            for name in panel_columns(group):
                yield nothing | head | {"feature": name, "feature_group": group, "status": "group_off"}


def _row(name: str, values: FloatArray) -> dict[str, Any]:
    """Statistics of one input, days in rows, the last one D's."""
    known = np.isfinite(values)
    whole = np.asarray(known.all(axis=1))
    status = "unknown" if not whole[-1] else "too_rarely_known" if whole.mean() < KNOWN_SHARE else "read"
    return {
        "feature": name,
        "feature_group": GROUP_OF[name],
        "status": "read" if name.startswith("price_lag") else status,
        "missing_share": float(1 - known[-1].mean()),
        "missing_history_share": float(1 - known[:-1].mean()) if len(values) > 1 else None,
        "day_mean": _mean(values[-1]),
        "history_mean": _mean(values[:-1]),
        "psi": psi(values[:-RECENT_DAYS], values[-RECENT_DAYS:]) if len(values) >= LEAST_DAYS else None,
    }


def _mean(values: FloatArray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None


def psi(before: FloatArray, recent: FloatArray) -> float | None:
    """Population stability index of `recent` against `before`; None where either is unknown throughout.

    Examples
    --------
    >>> psi(np.arange(1000.0), np.arange(1000.0)), psi(np.zeros(5), np.zeros(5))
    (0.0, 0.0)
    >>> psi(np.arange(1000.0), np.arange(1000.0) + 500) > 0.25
    True
    """
    old, new = before[np.isfinite(before)], recent[np.isfinite(recent)]
    if not old.size or not new.size:
        return None
    edges = np.unique(np.quantile(old, np.arange(1, BINS) / BINS))
    counts = [np.bincount(np.searchsorted(edges, v, side="right"), minlength=edges.size + 1) for v in (old, new)]
    q, p = (np.maximum(c, 0.5) / max(c.sum(), 1) for c in counts)
    return float(((p - q) * np.log(p / q)).sum())
