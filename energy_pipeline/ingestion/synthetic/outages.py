"""Outages of the synthetic market's thermal units.

What belongs here: when a unit is out and when that was announced. What does not: what
it does to prices.

Each unit's time is cut into fixed spans; a span holds at most one outage that lies
wholly inside it, drawn from a hash of (seed, unit, span). So a day needs one span only
(two at a border), and no history.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.ingestion.synthetic import noise

HOURS_PER_SPAN = 24 * 21
_PROBABILITY = 0.30
_PLANNED_SHARE = 0.6
_MAX_HOURS = 24 * 10
# Fuel of each unit and its share of the zone's thermal capacity; what is missing to 1 is small units.
UNITS: tuple[tuple[str, float], ...] = (
    ("lignite", 0.060),
    ("lignite", 0.050),
    ("coal", 0.055),
    ("coal", 0.050),
    ("coal", 0.045),
    ("gas", 0.060),
    ("gas", 0.055),
    ("gas", 0.045),
    ("gas", 0.040),
    ("gas", 0.035),
    ("biomass", 0.025),
    ("hydro", 0.030),
)


@dataclass(frozen=True)
class Outage:
    """One unit out from `start` to `end`, known from `known`, all in hours since the epoch."""

    outage_id: str
    fuel: str
    unavailable_mw: float
    start: float
    end: float
    known: float


def outages_between(seed: int, zone: str, capacity_mw: float, first: float, end: float) -> tuple[Outage, ...]:
    """Outages of a zone that touch [first, end) [hours since the epoch], by unit and time.

    Every outage is known before it starts: planned ones by 2 to 30 days, short-notice
    ones by 1 to 6 hours.

    >>> all(o.known < o.start < o.end for o in outages_between(1, "NORTH", 2e4, 480_000.0, 481_000.0))
    True
    """
    spans = np.arange(int(first // HOURS_PER_SPAN), int((end - 1e-6) // HOURS_PER_SPAN) + 1, dtype=np.int64)
    parts = ("out", "planned", "length", "start", "lead", "depth")
    found = []
    for number, (fuel, share) in enumerate(UNITS):
        draws = noise.uniforms(noise.keys(seed, [f"outage|{zone}|{number}|{p}" for p in parts]), spans)
        for column, span in enumerate(spans.tolist()):
            outage = _outage(f"{zone}-{fuel}-{number:02d}-{span}", fuel, share * capacity_mw, span, draws[:, column].tolist())
            if outage is not None and outage.start < end and outage.end > first:
                found.append(outage)
    return tuple(found)


def _outage(name: str, fuel: str, unit_mw: float, span: int, draws: list[float]) -> Outage | None:
    out, planned, length, start, lead, depth = draws
    if out >= _PROBABILITY:
        return None
    hours = 6.0 + round((_MAX_HOURS - 6.0) * length * length)
    begins = float(span * HOURS_PER_SPAN + int(start * (HOURS_PER_SPAN - hours)))
    notice = float(round(48 + lead * 28 * 24)) if planned < _PLANNED_SHARE else float(round(1 + lead * 5))
    missing = unit_mw if depth < 0.7 else unit_mw * (0.3 + 0.5 * (depth - 0.7) / 0.3)
    return Outage(name, fuel, round(missing, 1), begins, begins + hours, begins - notice)
