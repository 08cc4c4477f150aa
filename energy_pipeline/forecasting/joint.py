"""One network for all zones, slots and leads of the desk, trained apart from the morning: what it is given and what it answers.

What belongs here: the samples, the artefact's arrays, the answer in numpy. What does not: training (`joint_training`), when it is
trained (`training`).

A sample is a zone's target row and lead: prices of 1, 2 and 3 days before the origin and of 7 days before the row, standardised by the
week before the origin; for lead 1 every exogenous column of any zone on the row's day, the day before and 7 days before, scaled by zone
(zeros where a zone lacks it); weekday, zone and lead as indicators. The answer is every hour's price at `LEVELS`, standardised alike.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.panel import EXOG_LAGS, FIRST_ROW, LAGS, Panel
from energy_pipeline.forecasting.scaling import ADAPTIVE_DAYS, AsinhScale

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
LEADS = 7
LAYERS = 3
CLIP = 6.0
FIRST_SAMPLE = FIRST_ROW + ADAPTIVE_DAYS
"""Rows before lack a week to be standardised by."""
Arrays = Mapping[str, npt.NDArray[np.generic]]


@dataclass(frozen=True)
class Joint:
    """The network as a member of the committee of one zone.

    Attributes
    ----------
    zone : str
    key : str
        Of the artefact that holds the arrays; empty where none is trained.
    trained_for : date or None
        The delivery day whose information set it was trained on.
    """

    zone: str = ""
    key: str = ""
    trained_for: date | None = None
    window_days: int = 728
    refit_days: int = 7
    name: str = "joint"

    @property
    def history_days(self) -> int:
        """Two weeks of lags and a few to standardise by; what it was trained on is the training's matter."""
        return FIRST_SAMPLE + 1

    def fit(self, panel: Panel) -> bytes:
        """Never here: TensorFlow is not for the morning."""
        raise ModelUnavailableError(f"no network is trained for {panel.origin} -> energy-pipeline train {panel.origin}")

    def predict(self, panel: Panel, fitted: bytes) -> FloatArray:
        """The median of the panel's target [EUR/MWh], shape (24,)."""
        return np.asarray(self.quantiles(panel, fitted)[:, len(LEVELS) // 2])

    def quantiles(self, panel: Panel, fitted: bytes) -> FloatArray:
        """Prices of the panel's target at `LEVELS`, sorted [EUR/MWh], shape (24, levels)."""
        arrays = unpacked(fitted)
        zones = [str(z) for z in arrays["zones"]]
        if self.zone not in zones:
            raise ModelUnavailableError(f"it was trained on {', '.join(zones)}")
        columns = [str(c) for c in arrays["columns"]]
        if not set(panel.columns) <= set(columns):
            raise ModelUnavailableError(f"it was not trained on {', '.join(sorted(set(panel.columns) - set(columns)))}")
        place = zones.index(self.zone)
        scales = AsinhScale(arrays["exog_centre"][place], arrays["exog_spread"][place])  # type: ignore[arg-type]
        row = np.array([panel.days + panel.lead - 1])
        x, centre, spread = inputs(panel, row, panel.lead, columns, scales, np.eye(len(zones))[place])
        scaled = answer(x, [arrays[f"w{i}"] for i in range(2 * LAYERS)])[0].reshape(-1, len(LEVELS))  # type: ignore[misc]
        out = AsinhScale(arrays["out_centre"], arrays["out_spread"])  # type: ignore[arg-type]
        return np.sort(centre[0] + spread[0] * out.prices(scaled.astype(np.float64)), axis=1)


def inputs(
    panel: Panel, rows: IntArray, lead: int, columns: Sequence[str], scales: AsinhScale, zone: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Samples of some target rows at a lead, and each row's centre and spread [EUR/MWh].

    Parameters
    ----------
    panel : Panel
        Hourly, repaired.
    rows : array of int, shape (n,)
        At least `FIRST_SAMPLE` + lead - 1.
    lead : int
    columns : sequence of str
        Exogenous columns of the whole desk.
    scales : AsinhScale
        By column of this zone, shapes (len(columns),).
    zone : array, shape (zones,)
        The zone's indicator.

    Returns
    -------
    tuple of array, shapes (n, inputs), (n,), (n,)
    """
    origins = rows - (lead - 1)
    weeks = np.stack([panel.prices[origins - k] for k in range(1, ADAPTIVE_DAYS + 1)], axis=1).reshape(rows.size, -1)
    centre = np.median(weeks, axis=1)
    spread = np.maximum(np.abs(weeks - centre[:, None]).mean(axis=1), 1.0)
    lags = [panel.prices[(rows if lag >= FIRST_ROW else origins) - lag] for lag in LAGS]
    blocks = [np.clip(np.arcsinh((prices - centre[:, None]) / spread[:, None]), -CLIP, CLIP) for prices in lags]
    own = dict(zip(panel.columns, panel.exog, strict=True))
    nothing = np.zeros((rows.size, panel.slots))
    for j, column in enumerate(columns):
        known = column in own and lead == 1
        scaled = AsinhScale(scales.centre[j], scales.spread[j])
        blocks += [np.clip(scaled.scaled(own[column][rows - lag]), -CLIP, CLIP) if known else nothing for lag in EXOG_LAGS]
    blocks += [panel.dummies[rows], np.tile(zone, (rows.size, 1)), np.tile(np.eye(LEADS)[lead - 1], (rows.size, 1))]
    return np.hstack(blocks), centre, spread


def answer(x: FloatArray, weights: Sequence[FloatArray]) -> FloatArray:
    """The network's standardised prices, shape (n, slots x levels); weights in Keras' order: kernel, bias, layer by layer."""
    for i in range(LAYERS - 1):
        x = np.maximum(x @ weights[2 * i] + weights[2 * i + 1], 0)
    return np.asarray(x @ weights[-2] + weights[-1])


def packed(arrays: Arrays) -> bytes:
    """The artefact."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def unpacked(fitted: bytes) -> dict[str, npt.NDArray[np.generic]]:
    """The arrays of an artefact."""
    with np.load(io.BytesIO(fitted), allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}
