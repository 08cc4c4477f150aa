"""The whole book of a real desk over forty days: every open MWh marked, valued and explained, beside hours counted one by one.

What belongs here: a ledger of year, quarter, month and shorter deals on `europe.yaml`, running its days, the comparison, a line for
each. What does not: the book's own rules (energy_pipeline_tests/risk/test_whole_book.py holds them on made-up prices, in CI).

    make book                                  40 days to the spring change of clocks, 2019-02-20 .. 03-31 (10 CPU minutes)
    make book ARGUMENTS="--folder PATH"        in a lake that is kept, or is there

By hand: a deal of P MW at p EUR/MWh has P MWh in each hour of its block that is still to come, worth P (curve - p) each; from one
decision to the next the book changes by its values and by the cash of the day between, the auction's prices less p.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import yaml

from energy_pipeline.lake import Lake
from energy_pipeline_tests.benchmarks.identity import ROOT
from energy_pipeline_tests.benchmarks.soak import EUROPE

FIRST, DAYS = date(2019, 2, 20), 40
CLOCK, DECIDED = ZoneInfo("Europe/Berlin"), time(10, 30)
"""Of the desk: its zone, and when it decides on the day before."""
OLD = "2019-01-02T09:00:00Z"
TRADES = [
    "deal,counterparty,zone,block,first_day,last_day,position_mw,price,currency,known_at",
    f"year,alpha,DE_LU,base,2019-01-01,2019-12-31,-12,47.5,EUR,{OLD}",
    f"quarter,beta,FR,base,2019-04-01,2019-06-30,6,41,EUR,{OLD}",
    f"peaks,alpha,DE_LU,peak,2019-01-01,2019-03-31,-4,58,EUR,{OLD}",
    f"march,beta,DE_LU,base,2019-03-01,2019-03-31,9,44,EUR,{OLD}",
    f"nights,alpha,FR,offpeak,2019-02-25,2019-03-10,-5,46,EUR,{OLD}",
    "april,beta,DE_LU,base,2019-04-01,2019-04-30,7,40,EUR,2019-03-05T10:00:00Z",
    "april,beta,DE_LU,base,2019-04-01,2019-04-30,8,40.2,EUR,2019-03-12T10:00:00Z",  # amended
    "peaks,alpha,DE_LU,peak,2019-01-01,2019-03-31,0,58,EUR,2019-03-20T10:00:00Z",  # closed
    f"next,alpha,DE_LU,base,2020-01-01,2020-12-31,3,46,EUR,{OLD}",
]


@cache
def hours(day: date, block: str) -> tuple[bool, ...]:
    """Whether each hour of a local day is in a block, by the clock alone."""
    at, found = datetime.combine(day, time(0), CLOCK).astimezone(UTC), []
    while (local := at.astimezone(CLOCK)).date() == day:
        peak = local.weekday() < 5 and 8 <= local.hour < 20
        found.append(block == "base" or (block == "peak") == peak)
        at += timedelta(hours=1)
    return tuple(found)


Terms = tuple[str, str, date, date, float, float]
"""Zone, block, first day, last day, MW, EUR/MWh."""


def terms(day: date) -> dict[str, Terms]:
    """What an operator would list on the morning before a day: the opening book and the newest line of each deal, still to deliver."""
    decided = datetime.combine(day - timedelta(days=1), DECIDED, CLOCK)
    held = yaml.safe_load(EUROPE.read_text(encoding="utf-8"))["opening_book"]
    found: dict[str, Terms] = {
        f"{h['zone']} {h['block']} #{n}": (h["zone"], h["block"], h["first_day"], h["last_day"], float(h["position_mw"]), float(h["price_eur_mwh"]))
        for n, h in enumerate(held, 1)
    }
    for line in TRADES[1:]:
        deal, _, zone, block, first, last, mw, price, _, known = line.split(",")
        if datetime.fromisoformat(known) <= decided:
            found[deal] = (zone, block, date.fromisoformat(first), date.fromisoformat(last), float(mw), float(price))
    return {name: t for name, t in found.items() if t[3] >= day and t[4]}


def expected(lake: Lake, day: date) -> dict[str, tuple[float, float]]:
    """Open MWh and their value [EUR] by deal, hour by hour at the curve's prices."""
    curve = lake.read("curve_days", day, day)
    price = {(r["zone"], r["block"], r["target_day"]): r["price_eur_mwh"] for r in curve.to_dicts()}
    found: dict[str, tuple[float, float]] = {}
    for name, (zone, block, first, last, mw, paid) in terms(day).items():
        energy = value = 0.0
        for n in range((last - max(first, day)).days + 1):
            at = max(first, day) + timedelta(days=n)
            for inside in hours(at, block):
                if inside:
                    energy += mw
                    value += mw * (price[zone, block, at] - paid)
        found[name] = (energy, value)
    return found


def cash(lake: Lake, day: date) -> float:
    """What the day's delivery of the deals known at its decision brought in the auction [EUR]."""
    prices = lake.read("day_ahead_prices", day, day).sort("delivery_start", "known_at").unique(["zone", "delivery_start"], keep="last")
    total = 0.0
    for zone, block, first, last, mw, paid in terms(day).values():
        if first <= day <= last:
            own = prices.filter(pl.col("zone") == zone).sort("delivery_start")["price_eur_mwh"].to_list()
            total += sum(mw * (price - paid) for inside, price in zip(hours(day, block), own, strict=True) if inside)
    return total


def compared(lake: Lake, days: list[date]) -> Iterator[dict[str, float]]:
    """A day's figures: open MWh, and the largest differences."""
    before: float | None = None
    for day in days:
        hand = expected(lake, day)
        own = {
            r["deal"]: (r["energy_mwh"], r["value_eur"])
            for r in lake.read("mark_to_market", day, day).group_by("deal").agg(pl.col("energy_mwh", "value_eur").sum()).to_dicts()
        }
        names = hand.keys() | own.keys()
        gaps = [max(abs(own.get(n, (0.0, 0.0))[i] - hand.get(n, (0.0, 0.0))[i]) for n in names) for i in (0, 1)]
        found = {"deals": len(hand), "open_mwh": sum(abs(e) for e, _ in hand.values()), "energy": gaps[0], "value": gaps[1]}
        total = sum(value for _, value in hand.values())
        if before is not None:
            legs: dict[str, float] = defaultdict(float)
            for r in lake.read("book_explain", day, day).filter((pl.col("deal") == "book") & (pl.col("tenor") == "all")).to_dicts():
                legs[r["leg"]] += r["value_eur"]
            found |= {"unexplained": abs(legs["unexplained"]), "change": abs(legs["change"] - (total - before + cash(lake, day - timedelta(days=1))))}
        before = total
        yield found


def main(arguments: list[str]) -> None:
    """Run the days, print the figures; ends with 1 where one does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="Keep lake and records here, and go on from them.")
    parser.add_argument("--days", type=int, default=DAYS)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.folder or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "trades.csv").write_text("\n".join(TRADES) + "\n", encoding="utf-8")
        desk = yaml.safe_load(EUROPE.read_text(encoding="utf-8"))
        desk["ledger"] = {"trades": str(folder / "trades.csv"), "counterparties": {"alpha": {"credit_limit_eur": 2_000_000}, "beta": {}}}
        (folder / "desk.yaml").write_text(yaml.safe_dump(desk), encoding="utf-8")
        days = [FIRST + timedelta(days=n) for n in range(given.days)]
        command = [sys.executable, "-m", "energy_pipeline.cli.main", "backfill", str(days[0]), str(days[-1]), "--desk", str(folder / "desk.yaml")]
        command += ["--lake", str(folder / "lake"), "--no-audit"]
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, "DAGSTER_HOME": str(folder / "home")}, check=False)
        if done.returncode:
            raise SystemExit(done.returncode)
        figures = pl.DataFrame(list(compared(Lake(folder / "lake"), days)))
    largest = figures.select(pl.exclude("deals").max()).to_dicts()[0]
    deals = figures["deals"].to_list()
    print(f"{figures.height} days, {min(deals)} to {max(deals)} deals, up to {largest['open_mwh']:,.0f} MWh open.")  # noqa: T201
    print(  # noqa: T201
        f"Largest differences from hours counted one by one: {largest['energy']:.1e} MWh and {largest['value']:.1e} EUR of any deal, "
        f"{largest['change']:.1e} EUR of the book's change; unexplained at most {largest['unexplained']:.1e} EUR."
    )
    if max(largest["unexplained"], largest["change"], largest["value"]) >= 1.0 or largest["energy"] > 1e-6:
        raise SystemExit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
