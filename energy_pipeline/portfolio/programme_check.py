"""What every written day of `hedge_programme` must keep, and the rows that do not.

What belongs here: the rules. What does not: the programme (`hedge_programme`), use of limits (`risk.limits`).
"""

from __future__ import annotations

import polars as pl

from energy_pipeline.desk import Desk
from energy_pipeline.portfolio.hedge_programme import BOOK

SAME_MW = 1e-6


def odd_programme_rows(desk: Desk, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of hedge_programme that break a rule, with the column `rule`, of one or several days.

    Rules: a trade goes from what is held towards the target and not beyond; without a target, a quote, or on a later tenor nothing is
    traded; a view has room only where its edge is trusted, and no more than the desk allows; the book's row is the sum of the contracts'.
    """
    contracts, book = rows.filter(pl.col("zone") != BOOK), rows.filter(pl.col("zone") == BOOK)
    quoted, trade = pl.col("quote_eur_mwh").is_not_null(), pl.col("programme_mw")
    lacking = pl.col("target_mw").fill_null(pl.col("held_mw")) - pl.col("held_mw")
    allowed = (pl.col("tenor") == "day") & quoted & pl.col("target_mw").is_not_null()
    most = 0.0 if desk.hedging is None or desk.hedging.views is None else desk.hedging.views.max_mw
    beyond = (trade.abs() > lacking.abs() + SAME_MW) | (trade * lacking < -SAME_MW * SAME_MW)
    room = pl.when(pl.col("trust") > 0.0).then(most).otherwise(0.0)
    rules = {
        "trades without a target and a quote of the day": ~allowed & (trade != 0.0),
        "trades beyond its target": allowed & beyond,
        "a view has more room than it may": pl.col("view_limit_mw") > room + SAME_MW,
    }
    sums = contracts.filter(quoted).group_by("delivery_day", maintain_order=True).agg(traded=trade.sum(), held=pl.col("held_mw").sum())
    both = book.join(sums, on="delivery_day", how="left", maintain_order="left").with_columns(pl.col("traded", "held").fill_null(0.0))
    apart = ((pl.col("traded") - trade).abs() > SAME_MW) | ((pl.col("held") - pl.col("held_mw")).abs() > SAME_MW)
    odd = [contracts.filter(broken).with_columns(rule=pl.lit(rule)) for rule, broken in rules.items()]
    odd.append(both.filter(apart).drop("traded", "held").with_columns(rule=pl.lit("the book is not the sum of its contracts")))
    return pl.concat(odd)
