"""Scores of a forecast file: against arithmetic by hand and the open benchmark's own scorer."""

import importlib.util
import math
import os
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from energy_pipeline.domain.errors import SourceError
from energy_pipeline.studies.forecast_score import RIVALS_MEAN, as_markdown, draw, score_file, weekly_interval

DATA = Path(os.environ.get("ENERGY_PIPELINE_DATA", "../shared/data"))
DAYS, SCORED = 60, 30


@pytest.fixture
def files(tmp_path):
    random = np.random.default_rng(3)
    stamps = [datetime(2024, 1, 1) + timedelta(hours=h) for h in range(24 * DAYS)]  # noqa: DTZ001 - the format has naive local time
    price = 50 + 20 * np.sin(np.arange(24 * DAYS) / 24 * 2 * np.pi) + random.normal(0, 8, 24 * DAYS)
    pl.DataFrame({"timestamp": stamps, "price": price}).write_parquet(tmp_path / "m.parquet")
    later = slice(24 * (DAYS - SCORED), None)
    error = random.normal(0, 2, 24 * SCORED)
    frame = pl.DataFrame({"timestamp": stamps[later], "forecast": price[later] + error, "rival": price[later] + 3 * error})
    frame = frame.with_columns(pl.lit("").alias("fallback"), **{f"q{q}": pl.col("forecast") + 100 * (q - 0.5) for q in (0.05, 0.5, 0.95)})
    frame.write_parquet(tmp_path / "f.parquet")
    return tmp_path, price, frame


def test_scores_are_those_counted_by_hand(files):
    folder, price, frame = files
    found = score_file(folder / "m.parquet", folder / "f.parquet")
    rows = {r["model"]: r for r in found.rows.iter_rows(named=True)}
    came = price[24 * (DAYS - SCORED) :]
    error = frame["forecast"].to_numpy() - came
    naive = np.abs(came - price[24 * (DAYS - SCORED - 7) : -24 * 7])
    assert found.days == SCORED
    assert rows["forecast"]["mae_eur_mwh"] == pytest.approx(np.abs(error).mean())
    assert rows["forecast"]["rmae_weekly"] == pytest.approx(np.abs(error).mean() / naive.mean())
    assert rows["rival"]["mae_eur_mwh"] == pytest.approx(3 * np.abs(error).mean())
    assert rows["rival"]["p_forecast_better"] < 1e-6
    assert rows["naive weekly"]["rmae_weekly"] == pytest.approx(1.0)
    assert found.coverage_90 == pytest.approx((np.abs(error) <= 45).mean())
    losses = [np.maximum(q * (-error - 100 * (q - 0.5)), (q - 1) * (-error - 100 * (q - 0.5))).mean() for q in (0.05, 0.5, 0.95)]
    assert found.pinball_eur_mwh == pytest.approx(np.mean(losses))
    assert rows["naive weekly"]["value_share"] < rows["rival"]["value_share"] < rows["forecast"]["value_share"] < 1.0


def test_the_page_and_the_chart(files):
    folder, *_ = files
    found = score_file(folder / "m.parquet", folder / "f.parquet", with_value=False)
    page = as_markdown(found)
    assert "| rival |" in page
    assert "value" not in page
    draw(found, folder / "a.svg")
    first = (folder / "a.svg").read_bytes()
    draw(found, folder / "a.svg")
    assert first == (folder / "a.svg").read_bytes()
    assert b"<svg" in first


def test_a_file_of_another_market_is_refused(files):
    folder, _, frame = files
    frame.with_columns(pl.col("timestamp") + timedelta(days=400)).write_parquet(folder / "g.parquet")
    with pytest.raises(SourceError, match="do not match"):
        score_file(folder / "m.parquet", folder / "g.parquet")
    frame.with_columns(pl.when(pl.int_range(pl.len()) == 5).then(None).otherwise(pl.col("forecast")).alias("forecast")).write_parquet(
        folder / "h.parquet"
    )
    with pytest.raises(SourceError, match="missing"):
        score_file(folder / "m.parquet", folder / "h.parquet")


def test_the_numbers_are_the_open_scorers(tmp_path):
    market, tool = DATA / "epf" / "NP.parquet", DATA.parent / "tools" / "score_epf.py"
    reference = DATA / "epf" / "reference" / "NP.parquet"
    if not (market.exists() and tool.exists() and reference.exists()):
        pytest.skip(f"{market}, {reference} or {tool} is not there; set ENERGY_PIPELINE_DATA")
    spec = importlib.util.spec_from_file_location("score_epf", tool)
    theirs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(theirs)
    published = pl.read_parquet(reference)
    other = next(c for c in published.columns if c.startswith("dnn"))
    published.select("timestamp", pl.col("lear_ensemble").alias("forecast"), other).write_parquet(tmp_path / "f.parquet")
    found = score_file(market, tmp_path / "f.parquet", with_value=False)
    rows = {r["model"]: r for r in found.rows.iter_rows(named=True)}
    prices = pl.read_parquet(market)["price"].to_numpy().reshape(-1, 24)[-found.days :]
    ours, rival = (published[c].to_numpy().reshape(-1, 24) for c in ("lear_ensemble", other))
    assert (found.first, found.days) == (date(2016, 12, 27), 728)
    assert rows["forecast"]["mae_eur_mwh"] == pytest.approx(np.abs(prices - ours).mean())
    assert math.isclose(rows[other]["p_forecast_better"], theirs.dm(prices, ours, rival, 7), abs_tol=1e-12)


def test_what_a_rival_earned_more_has_an_interval_of_whole_weeks(files, tmp_path):
    market, forecasts = files[0] / "m.parquet", files[0] / "f.parquet"
    found = pl.read_parquet(forecasts)
    rivals = found.select("timestamp", a_ensemble=pl.col("forecast") + 1.0, b_ensemble=pl.col("forecast") + 3.0)
    rivals.write_parquet(tmp_path / "rivals.parquet")
    rows = {r["model"]: r for r in score_file(market, forecasts, tmp_path / "rivals.parquet").rows.iter_rows(named=True)}
    ours, theirs, mean = rows["forecast"], rows["rival"], rows[RIVALS_MEAN]
    assert (ours["value_more_eur"], ours["value_more_low_eur"]) == (0.0, None)
    assert theirs["value_more_eur"] < 0  # the worse forecast earns less
    # The order of the hours is the forecast's own, so the battery does the same with every one of them.
    assert mean["value_more_eur"] == pytest.approx(0.0, abs=1e-9)
    assert mean["mae_eur_mwh"] != ours["mae_eur_mwh"]


def test_an_interval_of_weeks_is_that_of_their_means():
    daily = np.repeat(np.random.default_rng(4).normal(2.0, 1.0, 60), 7)
    low, high = weekly_interval(daily)
    weeks = daily.reshape(-1, 7)[:, 0]
    spread = 1.96 * weeks.std() / np.sqrt(weeks.size)
    assert (low, high) == pytest.approx((weeks.mean() - spread, weeks.mean() + spread), abs=0.15 * spread)
    assert weekly_interval(daily[:50]) == (None, None)
