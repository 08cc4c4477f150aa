"""Contracts of the tables of the forecasting stage.

What belongs here: one `Table` per output of that stage, in flow order. What does not: raw
tables (`contracts.raw`) and BI marts (`dbt_like_sql/marts/schema.yml`).
"""

from __future__ import annotations

from energy_pipeline.contracts import columns as c
from energy_pipeline.contracts.derived.shared import PRICE_KIND, QUANTILES, quantile_column
from energy_pipeline.contracts.model import Column, Table

PRICE_FORECASTS = Table(
    name="price_forecasts",
    stage="forecasting",
    flow="decide",
    description="Price forecasts made for D at its decision time: every model for D, the naive for the six days after.",
    key=("zone", "price_kind", "model", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        Column("target_day", "date", "The day the forecast is for."),
        Column("horizon_days", "i32", "1 for D, 2 for D+1, ...", "d", minimum=1, maximum=7, reason="a week ahead"),
        c.ZONE,
        PRICE_KIND,
        c.text("model", "Which model; the ensemble is what later stages use.", allowed=("naive", "arima", "xgboost", "ensemble")),
        c.DELIVERY_START,
        c.RESOLUTION,
        c.second_price("price_eur_mwh", "Point forecast (mean)."),
        *(
            c.second_price(quantile_column(q), f"{q:.0%} quantile from past errors; null where the model has no error history.", nullable=True)
            for q in QUANTILES
        ),
        c.text("fallback", "Empty, or why a simpler model stands in."),
        c.text("artefact", "Content hash of the fitted artefact, empty for models without one."),
    ),
)

FORECAST_SCORES = Table(
    name="forecast_scores",
    stage="forecasting",
    flow="settle_final",
    description="Scores of the day's forecasts against what came.",
    key=("zone", "price_kind", "model"),
    columns=(
        c.DELIVERY_DAY,
        c.ZONE,
        PRICE_KIND,
        c.text("model", "Which model."),
        c.count("intervals", "Intervals scored."),
        Column("mae_eur_mwh", "f64", "Mean absolute error.", "EUR/MWh", minimum=0.0, reason="an absolute value"),
        Column("rmse_eur_mwh", "f64", "Root mean squared error.", "EUR/MWh", minimum=0.0, reason="a root"),
        Column("bias_eur_mwh", "f64", "Mean of forecast less outcome.", "EUR/MWh"),
        Column("mae_naive_eur_mwh", "f64", "MAE of the weekly naive (same slot on D-7).", "EUR/MWh", True, 0.0, None, "an absolute value"),
        Column("pinball_eur_mwh", "f64", "Mean pinball loss over the quantiles.", "EUR/MWh", True, 0.0, None, "a loss"),
        c.share("coverage_80", "Share of outcomes inside the 80 % band.", nullable=True),
        c.share("coverage_90", "Share of outcomes inside the 90 % band.", nullable=True),
    ),
    may_be_empty=True,
)

TABLES: tuple[Table, ...] = (
    PRICE_FORECASTS,
    FORECAST_SCORES,
)
"""In flow order."""
