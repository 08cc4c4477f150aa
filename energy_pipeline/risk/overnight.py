"""What became of a decided book since it was decided: its expected P&L on what is known now, step by step, and the volume to correct.

What belongs here: revaluing the held book on later scenarios, as a ladder. What does not: making those scenarios (a decision cut
at the later instant), reading the lake (`runner.delta`).

The ladder changes one thing at a time, in this order, so that its steps add up to the whole: prices and second prices, then
volumes (plants' expectation and paths; what price and volume do together falls here), then the auction's result in place of
price paths, where it is known. Hedges keep the price they were decided at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from energy_pipeline.book.outlook import Acting, zone_outlooks
from energy_pipeline.book.valued import ValuedBook, scenario_pnl

PRICES = ("day_ahead_price", "second_price")
STEPS = ("prices", "volumes", "auction")


@dataclass(frozen=True)
class Known:
    """What is known of the day at an instant: scenario paths and plants' expected output, as the tables have them."""

    scenario_paths: pl.DataFrame
    plant_output: pl.DataFrame


@dataclass(frozen=True)
class Overnight:
    """What became of the book.

    Attributes
    ----------
    steps : DataFrame
        zone, step, value_eur: what each step changed of the expected P&L; they add up to `after_eur` less `before_eur`.
    before_eur, after_eur : float
        Expected P&L of the held book as decided, and now.
    corrections : DataFrame
        zone, delivery_start, resolution_minutes, committed_mw (plants' expectation when decided), expected_mw (now),
        correction_mw, second_price_eur_mwh (expected now; the day-ahead price where the zone has none), value_eur (what the
        correction brings at that price).
    """

    steps: pl.DataFrame
    before_eur: float
    after_eur: float
    corrections: pl.DataFrame


def overnight(held: ValuedBook, dispatch: pl.DataFrame, acting: Sequence[Acting], before: Known, now: Known, auction: pl.DataFrame) -> Overnight:
    """Revalue a held book on what is known now.

    Parameters
    ----------
    held : ValuedBook
        As decided, on the scenarios of then.
    auction : DataFrame
        zone, delivery_start, price_eur_mwh of the day's auction as far as it is known; may be empty.
    """
    mixed = pl.concat([now.scenario_paths.filter(_is_price()), before.scenario_paths.filter(~_is_price())])
    ladder = [before, Known(mixed, before.plant_output), now, Known(with_auction(now.scenario_paths, auction), now.plant_output)]
    values = [_by_zone(held, known, dispatch, acting) for known in ladder]
    rows = [
        {"zone": zone, "step": step, "value_eur": later[zone] - earlier[zone]}
        for step, earlier, later in zip(STEPS, values, values[1:], strict=False)
        for zone in held.books
    ]
    frame = pl.DataFrame(rows, schema={"zone": pl.String, "step": pl.String, "value_eur": pl.Float64})
    return Overnight(frame, _total(values[0]), _total(values[-1]), _corrections(before, ladder[-1]))


def with_auction(paths: pl.DataFrame, auction: pl.DataFrame) -> pl.DataFrame:
    """Scenario paths in which the day-ahead price is the auction's where that is known; second prices keep their distance from it."""
    known = auction.select(pl.col("zone").alias("name"), "delivery_start", pl.col("price_eur_mwh").alias("_known")).drop_nulls()
    own = paths.filter(pl.col("kind") == "day_ahead_price").select("name", "delivery_start", "scenario", pl.col("value").alias("_price"))
    joined = paths.join(known, on=["name", "delivery_start"], how="left", maintain_order="left")
    joined = joined.join(own, on=["name", "delivery_start", "scenario"], how="left", maintain_order="left")
    value = pl.when(_is_price() & pl.col("_known").is_not_null()).then(pl.col("value") + pl.col("_known") - pl.col("_price")).otherwise("value")
    return joined.with_columns(value.cast(pl.Float32).alias("value")).select(paths.columns)


def _is_price() -> pl.Expr:
    return pl.col("kind").is_in(PRICES)


def _by_zone(held: ValuedBook, known: Known, dispatch: pl.DataFrame, acting: Sequence[Acting]) -> dict[str, float]:
    """Expected P&L of the held book by zone [EUR], its hedges as they were decided."""
    outlooks = zone_outlooks(held.desk, held.day, list(held.books), known.scenario_paths, known.plant_output, dispatch, acting)
    by_zone, _ = scenario_pnl(held.fair, outlooks, held.desk.scenarios.paths)
    return {zone: float(values.mean()) for zone, values in by_zone.items()}


def _total(values: Mapping[str, float]) -> float:
    return sum(values[zone] for zone in sorted(values))


def _corrections(before: Known, now: Known) -> pl.DataFrame:
    """What the plants are expected to deliver beyond what the decision expected, by zone and interval, at the second price expected now."""
    key = ["zone", "delivery_start"]
    sums = [_expected(known.plant_output, name) for known, name in ((before, "committed_mw"), (now, "expected_mw"))]
    means = now.scenario_paths.filter(_is_price()).group_by("kind", "name", "delivery_start", maintain_order=True)
    price = means.agg(pl.col("value").cast(pl.Float64).mean().alias("second_price_eur_mwh")).rename({"name": "zone"})
    price = price.sort("kind", descending=True).unique(key, keep="first", maintain_order=True).drop("kind")  # the second price before the first
    found = sums[0].join(sums[1].drop("resolution_minutes"), on=key, how="inner").join(price, on=key, how="left")
    found = found.with_columns(correction_mw=pl.col("expected_mw") - pl.col("committed_mw")).sort(key)
    hours = pl.col("resolution_minutes") / 60
    found = found.with_columns(value_eur=hours * pl.col("correction_mw") * pl.col("second_price_eur_mwh"))
    return found.select(*key, "resolution_minutes", "committed_mw", "expected_mw", "correction_mw", "second_price_eur_mwh", "value_eur")


def _expected(output: pl.DataFrame, name: str) -> pl.DataFrame:
    by_interval = output.sort("zone", "delivery_start", "plant").group_by("zone", "delivery_start", maintain_order=True)
    return by_interval.agg(pl.col("resolution_minutes").first(), pl.col("output_mw").sum().alias(name))
