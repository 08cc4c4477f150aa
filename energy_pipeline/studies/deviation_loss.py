"""What nominating a thousandth of German wind at the TSO's forecast lost by deviations, and how to lose less.

What belongs here: the loss, our correction of the forecast, the spread position beside it, the page.
What does not: the desk's own forecasts (renewables) or strategies.

Loss per MWh produced = sum (R - P)(g - s) / sum g: what output g sold as s day-ahead earns less than
had it all been sold at the day-ahead price P; R is the intraday price. The TSO's forecast of D is used
as the literature does (`epf_convention`: it is published after the gate).

The correction: boosted trees predict the TSO's error g - f from the forecasts of wind (its slope over
the day too), solar and load, the hour, and errors known at D-1 10:30 (this morning's through 09:00,
those of D-2). Refitted every 30 days on all days before; first on a year. Days before that are nominated
at f. The trees' settings are one try, not tuned; their result on 2018-10 .. 2019-09 was seen together with that
on the years before.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.studies.real_days import GERMAN, read

FIRST, LAST = date(2015, 10, 1), date(2019, 9, 30)
LEARN_DAYS, REFIT_DAYS, MORNING_HOURS = 365, 30, 9
TREES = {
    "n_estimators": 150,
    "max_depth": 3,
    "learning_rate": 0.04,
    "subsample": 0.7,
    "min_child_weight": 100,
    "reg_lambda": 10,
    "n_jobs": 1,
    "random_state": 0,
    "tree_method": "hist",
}
SPREAD_WINDOW_DAYS, SPREAD_THRESHOLD_EUR_MWH, SPREAD_SHARE = 28, 1.0, 0.1


def deviation_loss_eur_mwh(price: FloatArray, second: FloatArray, output: FloatArray, sold: FloatArray) -> float:
    """Loss per MWh produced, positive; all arrays of one shape.

    >>> one = np.ones(1)
    >>> deviation_loss_eur_mwh(40 * one, 50 * one, 8 * one, 10 * one)
    2.5
    """
    return -float(((second - price) * (output - sold)).sum() / output.sum())


def corrected(wind: FloatArray, forecast: FloatArray, solar: FloatArray, load: FloatArray, spread: FloatArray) -> FloatArray:
    """Our forecast, walk-forward [MW], shape (days, 24); `spread` is R - P, used through D-2."""
    from xgboost import XGBRegressor

    inputs, errors = _inputs(wind, forecast, solar, load, spread), wind - forecast
    found = forecast.copy()
    for first in range(LEARN_DAYS, len(wind), REFIT_DAYS):
        end = min(first + REFIT_DAYS, len(wind))
        learnt = slice(8, first - 1)  # errors of D - 1 are not whole at the gate
        model = XGBRegressor(**TREES).fit(inputs[learnt].reshape(-1, inputs.shape[2]), errors[learnt].reshape(-1))
        predicted = model.predict(inputs[first:end].reshape(-1, inputs.shape[2])).reshape(-1, 24)
        found[first:end] = np.maximum(forecast[first:end] + predicted, 0.0)
    return found


def _inputs(wind: FloatArray, forecast: FloatArray, solar: FloatArray, load: FloatArray, spread: FloatArray) -> FloatArray:
    days = len(wind)
    errors = wind - forecast

    def whole_day(values: FloatArray, lag: int) -> FloatArray:
        return np.repeat(np.concatenate([np.zeros(lag), values[:-lag]])[:, None], 24, axis=1)

    before = np.concatenate([np.zeros((2, 24)), errors[:-2]])
    yesterday = np.concatenate([forecast[:1], forecast[:-1]])
    columns = [
        *(forecast, solar, load, np.gradient(forecast, axis=1), yesterday),
        *(whole_day(errors[:, :MORNING_HOURS].mean(axis=1), 1), whole_day(errors[:, 4:MORNING_HOURS].mean(axis=1), 1)),
        *(whole_day(errors.mean(axis=1), 2), before, whole_day(spread.mean(axis=1), 2)),
        np.broadcast_to(np.arange(24.0), (days, 24)),
    ]
    return np.stack(columns, axis=2)


def spread_position(price: FloatArray, second: FloatArray, forecast: FloatArray) -> FloatArray:
    """MW sold beyond the forecast: a tenth of it against the hour's mean spread of the last 28 known days [MW]."""
    found = np.zeros_like(forecast)
    for i in range(SPREAD_WINDOW_DAYS + 2, len(price)):
        known = slice(i - 1 - SPREAD_WINDOW_DAYS, i - 1)
        mean = (second[known] - price[known]).mean(axis=0)
        found[i] = -np.sign(mean) * (np.abs(mean) > SPREAD_THRESHOLD_EUR_MWH) * SPREAD_SHARE * forecast[i]
    return found


def page(data: Path) -> list[str]:
    """Markdown of the study."""
    names = {"price": "price_da_eur_mwh", "second": "price_id_eur_mwh", "wind": "wind_de_mw", "forecast": "wind_de_forecast_da_mw"}
    names |= {"solar": "solar_de_forecast_da_mw", "load": "load_de_forecast_da_mw"}
    days = read(data, GERMAN, names, FIRST, LAST)
    v = days.values
    price, second, wind, forecast = v["price"], v["second"], v["wind"], v["forecast"]
    own = corrected(wind, forecast, v["solar"], v["load"], second - price)
    position = spread_position(price, second, forecast)
    tries = {"TSO forecast": forecast, "our correction of it": own, "our correction and a spread position": own + position}
    n = days.count
    spans = {"2015-10 .. 2019-09": slice(0, n), "2016-10 .. 2018-09": slice(LEARN_DAYS, n - 365), "2018-10 .. 2019-09": slice(n - 365, n)}
    head = [f"{s}, EUR/MWh" for s in spans]
    lines = [f"| nominated at | {' | '.join(head)} | wind MAE 2018-10 .. 2019-09, MW |", "|---|" + "---|" * (len(spans) + 1)]
    for name, sold in tries.items():
        found = [f"{deviation_loss_eur_mwh(price[s], second[s], wind[s], sold[s]):.4f}" for s in spans.values()]
        mae = float(np.abs(wind - sold)[-365:].mean())
        lines.append(f"| {name} | " + " | ".join(found) + f" | {mae:,.0f} |")
    return lines
