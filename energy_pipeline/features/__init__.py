"""Features: what each interval of D looks like at the decision time.

What belongs here: driver forecasts (load, wind, solar) and the inputs of the price
models, per zone, read only through the information set. What does not: price models
(forecasting) or plant output (renewables).
"""

from energy_pipeline.features.alignment import DayReader, from_quarters, same_slot
from energy_pipeline.features.drivers import DriverDay, driver_forecasts, zone_drivers
from energy_pipeline.features.lead_drivers import driver_outlook
from energy_pipeline.features.prices import FEATURES, FeatureDay, price_features, zone_features
from energy_pipeline.features.statistics import feature_statistics

__all__ = [
    "FEATURES",
    "DayReader",
    "DriverDay",
    "FeatureDay",
    "driver_forecasts",
    "driver_outlook",
    "feature_statistics",
    "from_quarters",
    "price_features",
    "same_slot",
    "zone_drivers",
    "zone_features",
]
