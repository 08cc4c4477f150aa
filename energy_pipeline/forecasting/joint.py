"""One network for all zones, slots and leads of the desk, trained apart from the morning: what it is given and what it answers.

What belongs here: the samples, the artefact's arrays, the answer in numpy. What does not: training (`joint_training`), when it is
trained (`training`).

A sample is a zone's target row and lead: prices of 1, 2 and 3 days before the origin and of 7 days before the row, standardised by the
week before the origin; for lead 1 every exogenous column of any zone on the row's day, the day before and 7 days before, scaled by zone
(zeros where a zone lacks it); weekday, zone and lead as indicators. The answer is every hour's price at `LEVELS`, standardised alike.
The committee hears the medians of lead 1; later leads are learnt beside it, by the same weights.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.forecasting.forecaster import NOTHING
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.panel import EXOG_LAGS, FIRST_ROW, LAGS, Panel
from energy_pipeline.forecasting.response import Response
from energy_pipeline.forecasting.scaling import ADAPTIVE_DAYS, AsinhScale
from energy_pipeline.information.trained import Network

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
LEADS = 7
LAYERS = 3
CLIP = 6.0
UNTRAINED = "no network is trained -> energy-pipeline train"
FIRST_SAMPLE = FIRST_ROW + ADAPTIVE_DAYS
"""Rows before lack a week to be standardised by."""
Arrays = Mapping[str, npt.NDArray[np.generic]]


@dataclass(frozen=True)
class Joint:
    """The network as a member of the committee of one zone.

    Attributes
    ----------
    zone : str
    network : Network or None
        What the training job made; None where it made none lately.
    """

    zone: str = ""
    network: Network | None = None
    window_days: int = 728
    refit_days: int = 1
    name: str = "joint"

    @property
    def history_days(self) -> int:
        """Two weeks of lags and a few to standardise by; what it was trained on is the training's matter."""
        return FIRST_SAMPLE + 1

    def fit(self, panel: Panel) -> bytes:  # noqa: ARG002 - never here: TensorFlow is not for the morning
        """Nothing: the training job keeps what it learnt."""
        return NOTHING

    def predict(self, panel: Panel, fitted: bytes) -> FloatArray:
        """The median of the panel's target [EUR/MWh], shape (24,)."""
        found = self.response(panel, fitted)
        return np.asarray(found.prices(found.inputs[None])[0])

    def response(self, panel: Panel, fitted: bytes) -> Response:  # noqa: ARG002 - as every member
        """The median as a function of scaled inputs of the zone; its week's centre and spread stay, typical are their medians."""
        x, answered = self._bound(panel)
        owners = self._owners(panel)
        free = np.array([i for i, owner in enumerate(owners) if owner])
        usual = np.where(np.array(owners)[free] == "weekday", 1 / 7, 0.0)

        def prices(rows: FloatArray) -> FloatArray:
            whole = np.repeat(x, len(rows), axis=0)
            whole[:, free] = rows
            return answered(whole)[:, :, len(LEVELS) // 2]

        return Response(prices, x[0, free], usual, tuple(owners[i] for i in free))

    def quantiles(self, panel: Panel) -> FloatArray:
        """Prices of the panel's target at `LEVELS`, sorted [EUR/MWh], shape (24, levels)."""
        x, answered = self._bound(panel)
        return np.asarray(answered(x)[0])

    def _bound(self, panel: Panel) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
        """The target's inputs, shape (1, inputs), and prices of inputs beside them, shapes (m, inputs) to (m, 24, levels)."""
        arrays, zones, columns = self._arrays(panel)
        place = zones.index(self.zone)
        scales = AsinhScale(arrays["exog_centre"][place], arrays["exog_spread"][place])
        row = np.array([panel.days + panel.lead - 1])
        x, centre, spread = inputs(panel, row, panel.lead, columns, scales, np.eye(len(zones))[place])
        weights = [arrays[f"w{i}"].astype(np.float64) for i in range(2 * LAYERS)]
        out = AsinhScale(arrays["out_centre"], arrays["out_spread"])  # type: ignore[arg-type]

        def answered(rows: FloatArray) -> FloatArray:
            scaled = answer(rows, weights).reshape(-1, 1)
            return np.sort(centre[0] + spread[0] * out.prices(scaled).reshape(len(rows), -1, len(LEVELS)), axis=2)

        return x, answered

    def _arrays(self, panel: Panel) -> tuple[Arrays, list[str], list[str]]:
        """The arrays, their zones and columns; refused where the panel is of others."""
        if self.network is None:
            raise ModelUnavailableError(UNTRAINED)
        arrays = _read(self.network)
        zones, columns = ([str(name) for name in arrays[part]] for part in ("zones", "columns"))
        if self.zone not in zones:
            raise ModelUnavailableError(f"it was trained on {', '.join(zones)}")
        if unknown := sorted(set(panel.columns) - set(columns)):
            raise ModelUnavailableError(f"it was not trained on {', '.join(unknown)}")
        return arrays, zones, columns

    def _owners(self, panel: Panel) -> list[str]:
        """Feature of each input; empty for those that tell zones and leads apart, and for columns of other zones."""
        _, zones, columns = self._arrays(panel)
        found = [f"price_lag_{lag}d_eur_mwh" for lag in LAGS for _ in range(panel.slots)]
        found += [column if column in panel.columns and panel.lead == 1 else "" for column in columns for _ in range(len(EXOG_LAGS) * panel.slots)]
        return [*found, *["weekday"] * 7, *[""] * (len(zones) + LEADS)]


@lru_cache(maxsize=16)
def _read(network: Network) -> Arrays:
    """The arrays of a network; those of the weeks that a decision looks back to are held."""
    return unpacked(network.read())


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
    own, past = (dict(zip(panel.columns, part, strict=True)) for part in (panel.exog, panel.past))
    nothing = np.zeros((rows.size, panel.slots))
    for j, column in enumerate(columns):
        known = column in own and lead == 1
        scaled = AsinhScale(scales.centre[j], scales.spread[j])
        blocks += [np.clip(scaled.scaled((past if lag else own)[column][rows - lag]), -CLIP, CLIP) if known else nothing for lag in EXOG_LAGS]
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
