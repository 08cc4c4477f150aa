"""The real span: four zones, 2019-03-18 to 2019-04-14 from raw files to marts, and the two weeks around the clock change from there to report."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest

from energy_pipeline.domain.delivery import days_between
from energy_pipeline.lake import Lake
from energy_pipeline.runner.flows import run_flow
from energy_pipeline.settings import Settings

DATA = Path(os.environ.get("ENERGY_PIPELINE_DATA", "../shared/data"))
EUROPE = Path(__file__).parents[1] / "desks" / "europe.yaml"
FIRST, LAST = date(2019, 3, 18), date(2019, 4, 14)
DAYS = days_between(FIRST, LAST)
DECIDED = DAYS if os.environ.get("ENERGY_PIPELINE_REAL_WHOLE") else days_between(date(2019, 3, 25), date(2019, 4, 7))
"""Days decided and settled: two weeks with the clock change among them, and all four in `make test-long`."""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"measured market data is not at {DATA} (ENERGY_PIPELINE_DATA): licences forbid shipping it"),
]


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The span ingested, and its decided days decided and settled, each in one range."""
    root = tmp_path_factory.mktemp("real")
    settings = Settings(desk=EUROPE, lake=root, data=DATA.resolve())
    with dg.DagsterInstance.ephemeral() as instance:
        for flow, days in (("ingest", DAYS), ("decide", DECIDED), ("settle_da", DECIDED), ("settle_final", DECIDED)):
            run_flow(flow, days, settings, instance=instance)
    return Lake(root), settings


@pytest.fixture(scope="module")
def marts(real):
    with duckdb.connect(str(real[1].warehouse), read_only=True) as con:
        yield lambda query: con.sql(query).pl()


def test_every_utc_hour_of_every_zone_once(marts):
    prices = marts("select zone, delivery_start from marts.prices")
    first, last = datetime(2019, 3, 17, 23, tzinfo=UTC), datetime(2019, 4, 14, 21, tzinfo=UTC)
    hours = [first + timedelta(hours=i) for i in range(671)]
    assert hours[-1] == last
    for zone in ("DE_LU", "FR", "ES", "IT_NORD"):
        starts = prices.filter(pl.col("zone") == zone)["delivery_start"].dt.convert_time_zone("UTC").sort().to_list()
        assert len(set(starts)) == len(starts), f"{zone}: an hour stands twice"
        assert [s for s in starts if s >= first] == hours, zone
        assert starts[0] < first, f"{zone}: the raw history that models read is in the mart too"


def test_the_known_gaps_are_counted_exactly(marts):
    quality = marts("select * from marts.data_quality where check_name = 'coverage' and null_count + missing_count > 0")
    found = {(r["delivery_day"], r["raw_table"], r["series"]): r["null_count"] + r["missing_count"] for r in quality.to_dicts()}
    assert found.pop((date(2019, 4, 1), "load_actual", "zone=FR")) == 1
    assert found.pop((date(2019, 3, 31), "generation_actual", "zone=FR,technology=wind")) == 1
    assert found.pop((date(2019, 3, 31), "generation_actual", "zone=FR,technology=solar")) == 1
    # Fuels settle on trading days; what else is missing must be a weather station or a fuel.
    assert {table for _, table, _ in found} <= {"weather_observed", "fuel_prices"}, found


def test_reports_exist_and_name_the_convention(real):
    lake, _ = real
    pages = sorted(Path(lake.root).rglob("report.html"))
    assert len(pages) == len(DECIDED)
    assert all("epf" in p.read_text(encoding="utf-8").lower() or "convention" in p.read_text(encoding="utf-8").lower() for p in pages)


def test_pnl_legs_add_up_to_the_cent(real):
    pnl = real[0].read("pnl", DECIDED[0], DECIDED[-1])
    legs = ["physical_eur", "deviation_eur", "speculative_eur", "imbalance_fee_eur", "hedge_eur", "hedge_proxy_eur", "costs_eur"]
    off = (pnl.select(pl.sum_horizontal(legs)).to_series() - pnl["total_eur"]).abs().max()
    assert off < 0.005
    # The legs against the definition in one formula: P s + R (g - s) - c |g - s|.
    per_hour = pnl["resolution_minutes"] / 60
    direct = per_hour * (pnl["price_da_eur_mwh"] * pnl["sold_mw"] + pnl["price_second_eur_mwh"] * (pnl["output_mw"] - pnl["sold_mw"]))
    three = pnl["physical_eur"] + pnl["deviation_eur"] + pnl["speculative_eur"]
    assert (direct - three).abs().max() < 0.005


def test_realised_battery_margin_never_exceeds_foresight(real):
    settled = real[0].read("dispatch_settled", DECIDED[0], DECIDED[-1])
    assert settled.height == len(DECIDED)
    assert (settled["margin_realised_eur"] <= settled["margin_foresight_eur"] + 1e-6).all()


def test_risk_components_sum(real):
    measures = real[0].read("risk_measures", DECIDED[0], DECIDED[-1]).filter(pl.col("scope") == "book")
    parts = real[0].read("risk_contributions", DECIDED[0], DECIDED[-1])
    for (day, measure, level, kind), group in parts.group_by(["delivery_day", "measure", "level", "component_kind"]):
        total = measures.filter(pl.col("delivery_day") == day, pl.col("measure") == measure, pl.col("level") == level)["value_eur"].item()
        assert group["contribution_eur"].sum() == pytest.approx(total, rel=1e-9, abs=1e-6), (day, measure, kind)


def test_zones_without_a_second_price_have_no_speculative_leg(real):
    pnl = real[0].read("pnl", DECIDED[0], DECIDED[-1]).filter(pl.col("second_price_kind") == "none")
    assert pnl.height > 0
    assert pnl["speculative_eur"].abs().max() < 1e-9


def test_the_forecast_beats_the_weekly_naive_overall(real):
    scores = real[0].read("forecast_scores", DECIDED[0], DECIDED[-1]).filter(pl.col("model") == "ensemble", pl.col("price_kind") == "day_ahead")
    by_zone = {zone: group["mae_eur_mwh"].mean() / group["mae_naive_eur_mwh"].mean() for (zone,), group in scores.group_by("zone")}
    assert set(by_zone) == {"DE_LU", "FR", "ES", "IT_NORD"}
    assert all(value < 1.0 for value in by_zone.values()), by_zone
