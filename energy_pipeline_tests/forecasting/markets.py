"""A made-up market as a panel: price follows load less wind, with noise and a weekly shape.

What belongs here: a quick, smooth world that models can learn. What does not: tests.
"""

from datetime import date

import numpy as np

from energy_pipeline.forecasting.panel import Panel

FIRST = date(2024, 1, 1)


def market(days=130, slots=24, columns=2, seed=0, lead=1):
    """A panel of `days` known days."""
    random = np.random.default_rng(seed)
    total = days + lead
    hour = np.arange(slots) * 24 / slots
    load = (
        50
        + 10 * np.sin((hour - 6) / 24 * 2 * np.pi)
        + random.normal(0, 2, (total, 1))
        + random.normal(0, 1, (total, slots))
        - 6 * (np.arange(total) % 7 >= 5)[:, None]
    )
    wind = np.abs(10 + np.cumsum(random.normal(0, 1.5, (total, slots)), axis=1) + random.normal(0, 5, (total, 1)))
    price = 1.5 * (load - wind) - 20 + random.normal(0, 2, (total, slots))
    exog = np.stack([load, wind][:columns]) if columns else np.empty((0, total, slots))
    return Panel(FIRST, price[:days].copy(), exog, lead), price[days:]
