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
    description="Price forecasts made for D at its decision time: ensemble and naive for D and the six days after, members for D.",
    key=("zone", "price_kind", "model", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        Column("target_day", "date", "The day the forecast is for."),
        Column("horizon_days", "i32", "1 for D, 2 for D+1, ...", "d", minimum=1, maximum=7, reason="a week ahead"),
        c.ZONE,
        PRICE_KIND,
        c.text("model", "naive, ensemble (what later stages use), or a member of it."),
        c.DELIVERY_START,
        c.RESOLUTION,
        c.second_price("price_eur_mwh", "Point forecast (mean)."),
        *(
            c.second_price(quantile_column(q), f"{q:.0%} quantile from past errors; null for members and without error history.", nullable=True)
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
        Column(
            "mae_naive_standard_eur_mwh", "f64", "MAE of the standard naive (D-1 Tuesday to Friday, else D-7).", "EUR/MWh", True, 0.0, None, "a size"
        ),
        Column("smape", "f64", "Mean of 2 |p - f| / (|p| + |f|).", "1", minimum=0.0, maximum=2.0, reason="its definition"),
        Column("crps_eur_mwh", "f64", "CRPS, as twice the mean pinball loss.", "EUR/MWh", True, 0.0, None, "a loss"),
        *(
            column
            for share in (50, 80, 90)
            for column in (
                c.share(f"coverage_{share}", f"Share of outcomes inside the {share} % band.", nullable=True),
                Column(f"winkler_{share}_eur_mwh", "f64", f"Mean interval score of the {share} % band.", "EUR/MWh", True, 0.0, None, "a loss"),
            )
        ),
    ),
    may_be_empty=True,
)

FORECAST_VALUE = Table(
    name="forecast_value",
    stage="forecasting",
    flow="settle_final",
    description="What a 1 MW / 2 MWh battery committed on each day-ahead price forecast earned on the day.",
    key=("zone", "model"),
    columns=(
        c.DELIVERY_DAY,
        c.ZONE,
        c.text("model", "Which model; naive is the yardstick."),
        Column("value_eur", "f64", "Earned at the auction's prices by the schedule best for the forecast.", "EUR"),
        Column("foresight_eur", "f64", "Earned by the schedule best for the auction's prices.", "EUR", minimum=0.0, reason="standing still earns 0"),
        Column("losing", "bool", "The forecast's schedule lost money."),
    ),
    may_be_empty=True,
)

FORECAST_COMPARISON = Table(
    name="forecast_comparison",
    stage="forecasting",
    flow="settle_final",
    description="Diebold-Mariano test of the ensemble against each rival over the last 91 settled days, Newey-West with 7 lags.",
    key=("zone", "price_kind", "rival"),
    columns=(
        c.DELIVERY_DAY,
        c.ZONE,
        PRICE_KIND,
        c.text("rival", "The model the ensemble is compared with."),
        c.count("days", "Days both are scored on."),
        Column("ensemble_mae_eur_mwh", "f64", "Mean daily MAE of the ensemble.", "EUR/MWh", minimum=0.0, reason="an absolute value"),
        Column("rival_mae_eur_mwh", "f64", "Mean daily MAE of the rival.", "EUR/MWh", minimum=0.0, reason="an absolute value"),
        c.share("p_value", "One-sided: the ensemble is no better; null under 14 days.", nullable=True),
    ),
    may_be_empty=True,
)

TABLES: tuple[Table, ...] = (PRICE_FORECASTS, FORECAST_SCORES, FORECAST_VALUE, FORECAST_COMPARISON)
"""In flow order."""
