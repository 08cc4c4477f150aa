"""The bids in the form of a coupled auction: price curves by zone and interval, and blocks.

What belongs here: from bid lines to the two texts, and clearing a curve at a price. What does not: making bid lines
(`nominations`), sending them.

A coupled European auction takes, of each portfolio and interval, one stepwise curve of demand and one of supply, from the lowest
to the highest price its rules allow, and beside them blocks: power by interval, one limit for the block's volume-weighted price, a
least share that is accepted (1: all or nothing), and what ties it to others (its exclusive group, or the loop it is part of).
"""

from __future__ import annotations

import polars as pl

from energy_pipeline.domain.errors import SourceError

CURVE_COLUMNS = ("zone", "delivery_start_utc", "resolution_minutes", "curve", "step", "price_eur_mwh", "volume_mw")
BLOCK_COLUMNS = (
    *("block", "kind", "tied_to", "zone", "side", "limit_price_eur_mwh", "least_share", "delivery_start_utc"),
    *("resolution_minutes", "volume_mw"),
)
START = pl.col("delivery_start").dt.strftime("%Y-%m-%dT%H:%M:%SZ").alias("delivery_start_utc")


def price_curves(lines: pl.DataFrame, lowest: dict[str, float], highest: dict[str, float]) -> str:
    """Steps of the curves as CSV: cumulated volume of demand from the highest price down, of supply from the lowest price up.

    Parameters
    ----------
    lines : frame of nomination_lines
    lowest, highest : dict of zone
        Price limits: what goes at any price is sold at the lowest and bought at the highest.

    Raises
    ------
    SourceError
        A limit lies beyond the market's.
    """
    own = lines.filter(pl.col("kind").is_in(["price_independent", "step"]))
    edges = pl.DataFrame({"zone": list(lowest), "lowest": list(lowest.values()), "highest": [highest[z] for z in lowest]})
    any_price = pl.when(pl.col("side") == "sell").then(pl.col("lowest")).otherwise(pl.col("highest"))
    priced = own.join(edges, on="zone", how="left").with_columns(price_eur_mwh=pl.coalesce("limit_price_eur_mwh", any_price))
    beyond = priced.filter((pl.col("price_eur_mwh") < pl.col("lowest")) | (pl.col("price_eur_mwh") > pl.col("highest")))
    if beyond.height:
        r = beyond.row(0, named=True)
        what = f"{r['zone']} {r['asset']}: limit {r['price_eur_mwh']:g} is beyond {r['lowest']:g} .. {r['highest']:g}"
        raise SourceError(f"nomination_lines: {what} ({beyond.height} lines) -> correct the right's or battery's cost, or markets.price_limits")
    order = pl.when(pl.col("side") == "sell").then(pl.col("price_eur_mwh")).otherwise(-pl.col("price_eur_mwh"))
    by = ["zone", "delivery_start", "side"]
    merged = priced.group_by([*by, "resolution_minutes", "price_eur_mwh"], maintain_order=True).agg(pl.col("volume_mw").sum())
    steps = (
        merged.with_columns(order=order)
        .sort(*by, "order")
        .with_columns(pl.col("volume_mw").cum_sum().over(by).round(1), step=pl.int_range(pl.len()).over(by))
    )
    named = steps.with_columns(START, curve=pl.when(pl.col("side") == "sell").then(pl.lit("supply")).otherwise(pl.lit("demand")))
    text: str = named.select(CURVE_COLUMNS).write_csv(float_precision=2)
    return text


def blocks(lines: pl.DataFrame) -> str:
    """Blocks as CSV, one row an interval: exclusive groups, and the two legs of a loop, each tied to the other."""
    own = lines.filter(pl.col("kind").is_in(["loop_block", "block"]))
    is_loop = pl.col("kind") == "loop_block"
    leg = pl.when(pl.col("side") == "sell").then(pl.lit(":sell")).otherwise(pl.lit(":buy"))
    other = pl.when(pl.col("side") == "sell").then(pl.lit(":buy")).otherwise(pl.lit(":sell"))
    both = pl.col("side").n_unique().over("zone", "asset") == 2
    named = own.with_columns(
        START,
        block=pl.when(is_loop).then(pl.col("asset") + leg).otherwise(pl.col("asset")),
        tied_to=pl.when(is_loop & both)
        .then(pl.col("asset") + other)
        .when(is_loop)
        .then(pl.lit(""))
        .otherwise(pl.col("asset").str.replace(r"\.\d+$", "")),
        least_share=pl.lit(1.0),
    ).with_columns(kind=pl.when(is_loop).then(pl.lit("loop")).otherwise(pl.lit("exclusive")))
    text: str = named.sort("zone", "block", "delivery_start").select(BLOCK_COLUMNS).write_csv(float_precision=2, null_value="")
    return text


def cleared_mw(curve: pl.DataFrame, price_eur_mwh: float) -> float:
    """Net volume sold of one interval's curves at a price off all its steps [MW].

    Parameters
    ----------
    curve : frame with CURVE_COLUMNS
        Of one zone and interval.
    """
    supply = curve.filter(pl.col("curve") == "supply", pl.col("price_eur_mwh") < price_eur_mwh)["volume_mw"].max()
    demand = curve.filter(pl.col("curve") == "demand", pl.col("price_eur_mwh") > price_eur_mwh)["volume_mw"].max()
    return float(supply or 0.0) - float(demand or 0.0)  # type: ignore[arg-type]
