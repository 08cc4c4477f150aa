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
        c.text(
            "method",
            "How it was made.",
            allowed=("tso", "vendor_convention", "weather_regression", "yesterdays_forecast", "autoregression", "persistence", "none"),
        ),
        Column("is_fallback", "bool", "True when the first choice was not there."),
    ),
    may_be_empty=True,
)

HORIZON = Column("horizon_days", "i32", "1 for D, 2 for D+1, ...", "d", minimum=1, maximum=14, reason="as far as prices are forecast")
_LAGS = {1: "on the last day whose price is known, D-1", **{lag: f"{lag - 1} days before that" for lag in range(2, 7)}}
_LAGS |= {7: "a week before the target day", 14: "two weeks before the target day"}
_FUEL = "see fuel_prices"
DRIVER_OUTLOOK = Table(
    name="driver_outlook",
    stage="features",
    flow="decide",
    description="Load, wind and solar of each zone by hour of the days after D, as known at the decision: what is the week's weather worth?",
    key=("zone", "driver", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        Column("target_day", "date", "The day it is for."),
        Column("horizon_days", "i32", "2 for D+1, 3 for D+2, ...", "d", minimum=2, maximum=14, reason="as far as prices are forecast"),
        c.ZONE,
        c.text("driver", "Which driver.", allowed=("load", "wind", "solar")),
        c.DELIVERY_START,
        c.RESOLUTION,
        c.power("value_mw", "Expected value; null where nothing of the driver is known. Net loads go below zero.", nullable=True),
        c.text("method", "weather_run: regression on the last run known; climatology: mean of four weeks.", allowed=("weather_run", "climatology")),
    ),
    may_be_empty=True,
    whole_day="horizon_days = 2",  # the days after it overlap from day to day
    is_mart=True,
)

PRICE_FEATURES = Table(
    name="price_features",
    stage="features",
    flow="decide",
    description="What the price models read for each interval of D and of the days after it, column by column as they read it: the last row of the "
    "arrays they learn from. A column of a group that is off (forecast.features), or that a longer lead has not, is null. Models read load, wind, "
    "solar and whatever else has a value an interval also of the day and the week before.",
    key=("zone", "horizon_days", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        Column("target_day", "date", "The day the inputs are for."),
        HORIZON,
        c.ZONE,
        c.DELIVERY_START,
        c.RESOLUTION,
        *(c.price(f"price_lag_{lag}d_eur_mwh", f"Day-ahead price of the same slot {when}.", nullable=True) for lag, when in _LAGS.items()),
        c.price("price_mean_1d_eur_mwh", "Mean of D-1.", nullable=True),
        c.price("price_min_1d_eur_mwh", "Lowest hour of D-1.", nullable=True),
        c.price("price_max_1d_eur_mwh", "Highest hour of D-1.", nullable=True),
        c.price("price_last_1d_eur_mwh", "Last hour of D-1.", nullable=True),
        c.price("price_mean_2d_eur_mwh", "Mean of D-2.", nullable=True),
        c.price("price_mean_7d_same_slot_eur_mwh", "Mean of the slot over D-7 .. D-1.", nullable=True),
        c.price("price_median_28d_same_slot_eur_mwh", "Median of the slot over D-28 .. D-1.", nullable=True),
        c.price("price_median_7d_eur_mwh", "Median of the hours of D-7 .. D-1, by which the trees centre prices.", nullable=True),
        Column(
            "price_mad_28d_eur_mwh",
            "f64",
            "Mean absolute deviation of the hours of D-28 .. D-1 from their median, at least 1: by which the trees scale prices.",
            "EUR/MWh",
            True,
            0.0,
            c.WIDEST_PRICE,
            "a spread is not negative",
        ),
        Column("hour_of_day", "f64", "Wall-clock hour, with fractions for quarters.", "h", minimum=0.0, maximum=24.0, reason="a clock"),
        Column(
            "weekday", "i32", "Monday 0; a public holiday counts as Sunday, a bridge day as Saturday.", "1", minimum=0, maximum=6, reason="a week"
        ),
        Column("day_of_year", "i32", "1 January is 0.", "d", minimum=0, maximum=365, reason="a year"),
        Column("is_holiday", "bool", "A public holiday in all of the zone's countries; read as the weekday.", nullable=True),
        Column("is_bridge_day", "bool", "A working day between two free ones; read as the weekday.", nullable=True),
        c.power("load_mw", "Driver forecast of load.", nullable=True),
        c.power("wind_solar_mw", "Driver forecasts of wind and solar together.", nullable=True),
        c.power("wind_mw", "Driver forecast of wind, where it is read apart or alone.", nullable=True),
        c.power("solar_mw", "Driver forecast of solar, where it is read apart or alone.", nullable=True),
        c.power("residual_load_mw", "Load less wind and solar, as the trees read it.", nullable=True),
        c.power("residual_load_ramp_mw", "Residual load less that of the slot before.", nullable=True),
        c.power("residual_load_change_1d_mw", "Residual load less that of the same slot in D-1's forecast.", nullable=True),
        c.price("neighbour_price_lag_1d_eur_mwh", "Mean price of the zone's neighbours in the same slot of D-1.", nullable=True),
        c.power("neighbour_residual_load_mw", "Sum of the neighbours' residual loads.", nullable=True),
        Column("gas_eur_mwh", "f64", "Last gas settlement known.", "EUR/MWh", True, -50.0, 2000.0, _FUEL),
        Column("coal_eur_t", "f64", "Last coal settlement known.", "EUR/t", True, -50.0, 2000.0, _FUEL),
        Column("carbon_eur_t", "f64", "Last carbon settlement known.", "EUR/t", True, -50.0, 2000.0, _FUEL),
        *(
            c.power(f"unavailable_{what}_mw", f"Capacity of {what} announced to be out.", nullable=True, minimum=0.0)
            for what in ("gas", "coal", "lignite", "nuclear", "hydro", "other")
        ),
        Column("temperature_c", "f64", "Mean forecast over the zone's places.", "degC", True, -80.0, 70.0, "weather on earth"),
        Column("wind_speed_ms", "f64", "Mean forecast over the zone's places.", "m/s", True, 0.0, 120.0, "weather on earth"),
        Column("irradiance_w_m2", "f64", "Mean forecast over the zone's places.", "W/m2", True, 0.0, 1500.0, "the solar constant"),
        Column("daylight", "f64", "Sine of the sun's elevation at the zone's places, 0 at night.", "1", True, 0.0, 1.0, "a sine"),
        Column("is_peak", "bool", "Inside Monday-Friday 08-20 local.", nullable=True),
        c.price("merit_order_eur_mwh", "Cost of the last plant the residual load needs (zones.*.thermal_mw).", nullable=True),
    ),
    whole_day="horizon_days = 1",
    version=2,
    readable=2,
)

FEATURE_STATISTICS = Table(
    name="feature_statistics",
    stage="features",
    flow="decide",
    description="Each input of the price models on D: whether it is read, what is missing, and whether the last four weeks look like the days before "
    "them that the models learn from (population stability index over the deciles of those days).",
    key=("zone", "feature"),
    columns=(
        c.DELIVERY_DAY,
        c.ZONE,
        c.text("feature", "Column of price_features; prices as `price_lag_1d_eur_mwh`."),
        c.text("feature_group", "Group by which a desk switches it; prices are always read."),
        c.text("status", "Whether the models read it.", allowed=("read", "unknown", "too_rarely_known", "group_off")),
        c.share("missing_share", "Share of D's slots that are unknown; null where its group is off.", nullable=True),
        c.share("missing_history_share", "Share of the slots of the days before D that are unknown.", nullable=True),
        Column("day_mean", "f64", "Mean over D; of prices over D-1.", "see price_features", True),
        Column("history_mean", "f64", "Mean over the days before D.", "see price_features", True),
        Column(
            "psi",
            "f64",
            "Population stability index of the last 28 days through D against the days before; above 0.25 the world has moved, with the season or "
            "without. Null under 56 days.",
            "1",
            True,
            0.0,
            None,
            "a divergence is not negative",
        ),
    ),
    is_mart=True,
)

TABLES: tuple[Table, ...] = (
    DRIVER_FORECASTS,
    DRIVER_OUTLOOK,
    PRICE_FEATURES,
    FEATURE_STATISTICS,
)
"""In flow order."""
