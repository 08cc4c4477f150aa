"""The named inputs of the price models, and the groups a desk switches them by.

What belongs here: which column of `price_features` belongs to which group, and how often a day a model reads it.
What does not: values (`columns`, `history`), what a model makes of them.

Past prices and the calendar are always read. Every other group is read where `forecast.features` names it; a column of a
group that is off is null in the table, since no model read it. The names of this module are the only ones in which
importances, contributions and statistics of features speak.
"""

from __future__ import annotations

from typing import get_args

from energy_pipeline.desk.forecasting import FeatureGroup

KNOWN_SHARE = 0.5
"""A column known on fewer of the days is not read."""
SAME_SLOT_LAGS = (1, 2, 3, 4, 5, 6, 7, 14)
TECHNOLOGIES = ("gas", "coal", "lignite", "nuclear", "hydro", "other")
"""Of unavailable capacity; every other fuel counts as `other`."""

COLUMNS: dict[str, tuple[str, ...]] = {
    "prices": (
        *(f"price_lag_{lag}d_eur_mwh" for lag in SAME_SLOT_LAGS),
        *(f"price_{what}_eur_mwh" for what in ("mean_1d", "min_1d", "max_1d", "last_1d", "mean_2d", "mean_7d_same_slot", "median_28d_same_slot")),
        "price_median_7d_eur_mwh",
        "price_mad_28d_eur_mwh",
    ),
    "calendar": ("hour_of_day", "weekday", "day_of_year"),
    "drivers": ("load_mw", "wind_solar_mw", "wind_mw", "solar_mw", "residual_load_mw"),
    "wind_and_solar_apart": (),
    "ramps": ("residual_load_ramp_mw", "residual_load_change_1d_mw"),
    "holidays": ("is_holiday", "is_bridge_day"),
    "neighbour_prices": ("neighbour_price_lag_1d_eur_mwh",),
    "neighbour_drivers": ("neighbour_residual_load_mw",),
    "fuels": ("gas_eur_mwh", "coal_eur_t", "carbon_eur_t"),
    "outages": tuple(f"unavailable_{technology}_mw" for technology in TECHNOLOGIES),
    "weather": ("temperature_c", "wind_speed_ms", "irradiance_w_m2"),
    "daylight": ("daylight", "is_peak"),
    "merit_order": ("merit_order_eur_mwh",),
}
"""Columns of `price_features` by group; `wind_and_solar_apart` has `wind_mw` and `solar_mw` read each instead of as their sum."""

DAILY = frozenset(COLUMNS["fuels"])
"""Columns that are the same in every interval of a day: models read them once."""

GROUP_OF = {name: group for group, names in COLUMNS.items() for name in names}
"""The group of each column."""


def panel_columns(group: str) -> tuple[str, ...]:
    """Columns a group adds to what the models read: not what it says by the weekday.

    >>> panel_columns("holidays"), panel_columns("fuels")
    ((), ('gas_eur_mwh', 'coal_eur_t', 'carbon_eur_t'))
    """
    return () if group in ("prices", "calendar", "holidays") else COLUMNS[group]


def switchable() -> tuple[str, ...]:
    """Groups a desk may leave out."""
    return get_args(FeatureGroup)
