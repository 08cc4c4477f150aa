"""Walking a desk's forecasts: the daily flow's own rows, scored against what came."""

from datetime import date

import polars as pl
import pytest

from energy_pipeline.contracts.raw import RAW_TABLES
from energy_pipeline.desk import load_desk
from energy_pipeline.forecasting import price_forecasts
from energy_pipeline.information.archive import Archive
from energy_pipeline.information.artefacts import MemoryArtefacts
from energy_pipeline.ingestion import collect
from energy_pipeline.studies.desk_forecasts import run
from energy_pipeline_tests.integration.lakes import TINY

FIRST, LAST = date(2026, 3, 28), date(2026, 3, 29)


def test_the_rows_are_those_of_the_daily_flow_and_the_page_their_errors(tmp_path):
    found = run(TINY, tmp_path, FIRST, LAST, ["SOUTH"], jobs=1, leads=(1, 3))
    desk = load_desk(TINY)
    raw = {
        t.name: collect(desk, t.name, FIRST - (LAST - FIRST) * desk.history_days, LAST + 2 * (LAST - FIRST), lambda _: pl.DataFrame()).frame
        for t in RAW_TABLES
    }
    every = price_forecasts(Archive(desk, raw).at(LAST), MemoryArtefacts())
    every = every.filter(pl.col("zone") == "SOUTH", pl.col("price_kind") == "day_ahead")
    daily = every.filter(pl.col("horizon_days") == 1)
    walked = found.rows.filter(pl.col("delivery_day") == LAST)
    third = (pl.col("delivery_day") == LAST) & (pl.col("horizon_days") == 3) & (pl.col("model") == "ensemble")
    assert found.leads.filter(third).select(every.columns).equals(every.filter(third))
    assert "| SOUTH | D+1..3 | 2 |" in found.page
    assert walked.height == 23 * 4  # naive, ensemble and two members on the short day
    key = ["model", "delivery_start"]
    assert walked.select(daily.columns).sort(key).equals(daily.sort(key))
    own = found.rows.filter(pl.col("model") == "ensemble")
    mae = (own["q50_eur_mwh"] - own["outcome_eur_mwh"]).abs().mean()  # the published median
    naive = (own["week_before_eur_mwh"] - own["outcome_eur_mwh"]).abs().mean()
    bias = own.group_by("delivery_day").agg((pl.col("price_eur_mwh") - pl.col("outcome_eur_mwh")).mean())["price_eur_mwh"].mean()
    assert f"| SOUTH | 2 | {bias:+.3f} |" in found.page, "the mean's bias"  # type: ignore[str-bytes-safe]
    assert f"| SOUTH | 47 | {mae:.2f} | {mae / naive:.4f} |" in found.page  # type: ignore[str-bytes-safe]


def test_a_zone_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"zones WEST are not in tiny\.yaml; there are NORTH, SOUTH"):
        run(TINY, tmp_path, FIRST, LAST, ["WEST"])
