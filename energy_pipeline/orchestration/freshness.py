"""By when each flow's assets must have been made, for the web page: a deadline a day, in market time.

What belongs here: Dagster's freshness policies, from the same clocks as the schedules. What does not: whether the day that is due
is there. A policy looks at the newest record of an asset, whatever day that is of, so a backfill makes it look fresh; `status`
looks at delivery days (`runner.status`).
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from energy_pipeline.desk import Desk
from energy_pipeline.orchestration.schedules import AUCTION_MINUTES, ORDINARY_DAY

SETTLED_BY = time(15, 30)
"""Wall clock of the desk: yesterday is settled from 14:30 on."""
HOUR = timedelta(hours=1)


def policies(desk: Desk) -> dict[str, dg.FreshnessPolicy]:
    """The policy of each flow; tables that every flow writes go with decide."""
    decision, gate = desk.decision_time(ORDINARY_DAY), desk.gate_closure(ORDINARY_DAY)
    auction = desk.last_gate_closure(ORDINARY_DAY) + timedelta(minutes=AUCTION_MINUTES)
    decided = _by(desk, gate, gate - decision + HOUR)
    return {
        "ingest": _by(desk, decision, 2 * HOUR),
        "decide": decided,
        "operate": decided,
        "settle_da": _by(desk, auction + HOUR, 2 * HOUR),
        "settle_final": dg.FreshnessPolicy.cron(f"{SETTLED_BY.minute} {SETTLED_BY.hour} * * *", 2 * HOUR, desk.time_zone),
    }


def _by(desk: Desk, instant: datetime, since: timedelta) -> dg.FreshnessPolicy:
    """Made each day by this wall clock of the desk, and not longer before it."""
    local = instant.astimezone(ZoneInfo(desk.time_zone))
    return dg.FreshnessPolicy.cron(f"{local.minute} {local.hour} * * *", since, desk.time_zone)
