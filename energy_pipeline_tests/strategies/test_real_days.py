"""Real prices: the weekday rule, and a short backtest by the command's own code, added up again from the raw files."""

import os
import re
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from energy_pipeline.desk import load_desk
from energy_pipeline.domain.delivery import days_between
from energy_pipeline.information.archive import Archive
from energy_pipeline.ingestion import collect
from energy_pipeline.lake.source_files import SourceFiles
from energy_pipeline.strategies import backtest_metrics
from energy_pipeline.strategies.instruments import AUCTION, DAY_BEFORE, Trade, signal_rows
from energy_pipeline.strategies.validation import UnexplainedResultError, require_explained, verdict
from energy_pipeline.studies import backtest_page, strategy_backtest

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("ENERGY_PIPELINE_DATA", ROOT.parent / "shared" / "data"))
GERMANY = ROOT / "energy_pipeline_tests" / "desks" / "strategies_germany.yaml"
FILE = DATA / "de_day_ahead_with_tso_forecasts_2015_2019" / "hourly.parquet"
pytestmark = pytest.mark.skipif(not FILE.is_file(), reason=f"no measured prices below {DATA}")
FIRST, LAST = date(2018, 1, 8), date(2018, 12, 30)


def test_the_weekday_rule_on_real_prices_is_an_index_study():
    """Long Monday, short Saturday on the change of the base price: a fortune nobody can have."""
    desk = load_desk(GERMANY)
    raw = collect(desk, "day_ahead_prices", FIRST - timedelta(days=1), LAST, SourceFiles(DATA).load).frame.filter(pl.col("zone") == "DE_LU")
    base = dict(raw.group_by("delivery_day").agg(pl.col("price_eur_mwh").mean()).iter_rows())
    wish = {0: 1.0, 5: -1.0}
    days = [d for d in days_between(FIRST, LAST) if d in base and d - timedelta(days=1) in base]
    naive = np.array([wish.get(d.weekday(), 0.0) * (base[d] - base[d - timedelta(days=1)]) for d in days])
    assert naive.mean() / naive.std(ddof=1) * np.sqrt(365) > 5, "the trap is there"
    judged = verdict(naive * 240, np.random.default_rng(0))
    assert judged.status == "unexplained"
    with pytest.raises(UnexplainedResultError, match="weekday"):
        require_explained({"weekday": judged})
    store, trade = Archive(desk, {}), Trade(AUCTION, DAY_BEFORE)
    rows = []
    for day in days:
        size = store.at(day).day.count(60)
        signal = np.full(size, wish.get(day.weekday(), 0.0))
        rows.append(signal_rows(store.at(day), "de_reversal_index", "DE_LU", trade, signal, 10.0, np.full(size, 9.0)))
    found = backtest_metrics(desk, LAST, pl.concat(rows), raw, raw.clear().with_columns(price_kind=pl.lit("intraday"))).row(0, named=True)
    assert (found["label"], found["verdict"]) == ("index_only", "index_only")
    assert found["index_points_eur_mwh"] > 0
    assert all(found[c] is None for c in ("sharpe", "pnl_eur", "pnl_day_eur", "gross_eur", "max_drawdown_eur", "deflated_probability"))


def test_a_backtest_of_the_command_adds_up(tmp_path):
    first, last = date(2019, 3, 4), date(2019, 3, 31)
    seen = []
    found = strategy_backtest.run(
        GERMANY, DATA, "de_reversion", first, last, with_variants=False, told=lambda done, total: seen.append((done, total))
    )
    assert seen[-1] == (28, 28)
    free = strategy_backtest.run(GERMANY, DATA, "de_reversion", first, last, with_variants=False, without_costs=True)
    np.testing.assert_array_equal(free.result.net_eur, found.result.gross_eur)
    np.testing.assert_allclose(found.result.cost_eur, found.result.traded_mwh * 1.0)
    raw = pl.read_parquet(FILE)
    span = (raw["price_da_eur_mwh"] - raw["price_id_eur_mwh"]).abs()
    assert np.abs(found.result.gross_eur).sum() <= float(span.sum()) * 10
    assert found.result.traded_mwh.sum() > 0
    page = backtest_page.write(found, tmp_path / "page.html").read_text(encoding="utf-8")
    for text in ("Backtest of de_reversion", "tradable", "Equity", "Drawdown", "By year"):
        assert text in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert backtest_page.row(found).startswith("| de_reversion | 28 |")


def test_neighbours_change_one_parameter_each():
    strategy = load_desk(GERMANY).strategies["de_reversion"]
    found = strategy_backtest.neighbours(strategy)
    assert set(found) == {"window_days_14", "window_days_56", "entry_z_1.125", "entry_z_1.875"}
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", name) for name in found)  # names that a desk may have
    for name, other in found.items():
        field = name.rpartition("_")[0]
        changed = {k for k, v in other.model_dump().items() if v != strategy.model_dump()[k]}
        assert changed == {field}
