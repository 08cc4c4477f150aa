"""Contracts of the tables of the features stage.

What belongs here: one `Table` per output of that stage, in flow order. What does not: raw
tables (`contracts.raw`) and marts that compute something (`dbt_like_sql/marts/`).
"""

from __future__ import annotations

from energy_pipeline.contracts import columns as c
from energy_pipeline.contracts.model import Column, Table

DRIVER_FORECASTS = Table(
    name="driver_forecasts",
    stage="features",
    flow="decide",
    description="Load, wind and solar of each zone for D as known at the decision time, and by which method.",
    key=("zone", "driver", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        c.ZONE,
        c.text("driver", "Which driver.", allowed=("load", "wind", "solar")),
        c.DELIVERY_START,
        c.RESOLUTION,
        c.power(
            "value_mw",
            "Expected value; null only where the desk declares the series absent with no fallback. Net loads go below zero.",
            nullable=True,
        ),
        c.text("method", "How it was made.", allowed=("tso", "vendor_convention", "weather_regression", "autoregression", "persistence", "none")),
        Column("is_fallback", "bool", "True when the first choice was not there."),
    ),
    may_be_empty=True,
)

PRICE_FEATURES = Table(
    name="price_features",
    stage="features",
    flow="decide",
    description="Inputs of the price models for each interval of D; every value was known at the decision time.",
    key=("zone", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        c.ZONE,
        c.DELIVERY_START,
        c.RESOLUTION,
        c.price("price_lag_1d_eur_mwh", "Day-ahead price of the same slot on D-1.", nullable=True),
        c.price("price_lag_2d_eur_mwh", "... on D-2.", nullable=True),
        c.price("price_lag_3d_eur_mwh", "... on D-3.", nullable=True),
        c.price("price_lag_7d_eur_mwh", "... on D-7.", nullable=True),
        c.price("price_mean_1d_eur_mwh", "Mean of D-1.", nullable=True),
        c.price("price_min_1d_eur_mwh", "Minimum of D-1.", nullable=True),
        c.price("price_max_1d_eur_mwh", "Maximum of D-1.", nullable=True),
        c.price("price_last_1d_eur_mwh", "Last interval of D-1.", nullable=True),
        c.price("price_median_7d_eur_mwh", "Median of D-7 .. D-1.", nullable=True),
        Column(
            "price_mad_28d_eur_mwh",
            "f64",
            "Median absolute deviation over D-28 .. D-1.",
            "EUR/MWh",
            True,
            0.0,
            c.WIDEST_PRICE,
            "a spread is not negative",
        ),
        c.power("load_mw", "Driver forecast of load.", nullable=True),
        c.power("wind_mw", "Driver forecast of wind.", nullable=True, minimum=0.0),
        c.power("solar_mw", "Driver forecast of solar.", nullable=True, minimum=0.0),
        c.power("residual_load_mw", "Load less wind and solar.", nullable=True),
        c.power("residual_load_change_1d_mw", "Residual load less that of the same slot in D-1's forecast.", nullable=True),
        Column("gas_eur_mwh", "f64", "Last gas settlement known.", "EUR/MWh", True, -50.0, 2000.0, "see fuel_prices"),
        Column("carbon_eur_t", "f64", "Last carbon settlement known.", "EUR/t", True, -50.0, 2000.0, "see fuel_prices"),
        Column("hour_of_day", "f64", "Wall-clock hour, with fractions for quarters.", "h", minimum=0.0, maximum=24.0, reason="a clock"),
        Column("weekday", "i32", "Monday 0 .. Sunday 6.", "1", minimum=0, maximum=6, reason="a week"),
        Column("is_peak", "bool", "Inside Monday-Friday 08-20 local."),
        Column("day_of_year_sin", "f64", "sin(2 pi day / 365.25).", "1", minimum=-1.0, maximum=1.0, reason="a sine"),
        Column("day_of_year_cos", "f64", "cos(2 pi day / 365.25).", "1", minimum=-1.0, maximum=1.0, reason="a cosine"),
    ),
)

TABLES: tuple[Table, ...] = (
    DRIVER_FORECASTS,
    PRICE_FEATURES,
)
"""In flow order."""
