"""What changed since a day was decided: which series, its EUR on the held book step by step, and the volumes to correct."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from energy_pipeline.domain.errors import LookAheadError, MissingDayError, PipelineError
from energy_pipeline.information.late_sources import cut_as_of
from energy_pipeline.lake import Lake
from energy_pipeline.risk.overnight import PRICES, Known, overnight, with_auction
from energy_pipeline.runner import delta as looking
from energy_pipeline.runner.what_if import held_book

DAY = date(2026, 3, 29)
NO_AUCTION = pl.DataFrame(schema={"zone": pl.String, "delivery_start": pl.Datetime("us", "UTC"), "price_eur_mwh": pl.Float64})


@pytest.fixture(scope="module")
def held(recorded_day):
    """The decided book of the tiny desk, and what was known."""
    runner = recorded_day[0]
    lake = runner.runtime.lake
    return held_book(runner.desk, lake, DAY), Known(*(lake.read(name, DAY, DAY) for name in ("scenario_paths", "plant_output")))


def look(held, now, auction=NO_AUCTION):
    book, before = held
    return overnight(book.valued, book.dispatch, book.stores, before, now, auction)


def steps(found):
    return {(r["zone"], r["step"]): r["value_eur"] for r in found.steps.to_dicts()}


def test_where_nothing_changed_nothing_is_worth_anything(held):
    found = look(held, held[1])
    assert set(steps(found).values()) == {0.0}
    assert found.before_eur == found.after_eur == pytest.approx(float(held[0].valued.pnl.mean()), abs=1e-6)
    assert found.corrections["correction_mw"].abs().sum() == 0.0


def test_a_megawatt_more_is_worth_the_price_that_deviations_are_settled_at(held):
    _, before = held
    plant = "coast_wind"
    output = before.plant_output.with_columns(output_mw=pl.col("output_mw") + (pl.col("plant") == plant).cast(pl.Float64))
    of_plant = (pl.col("kind") == "plant_output") & (pl.col("name") == plant)
    paths = before.scenario_paths.with_columns(value=(pl.col("value") + of_plant.cast(pl.Float32)).cast(pl.Float32))
    found = look(held, Known(paths, output))
    second = before.scenario_paths.filter(pl.col("kind") == "second_price", pl.col("name") == "NORTH")
    worth = (second["value"].cast(pl.Float64) * second["resolution_minutes"] / 60).sum() / second["scenario"].n_unique()
    fees = 23 * held[0].valued.desk.zones["NORTH"].second_price.imbalance_fee_eur_mwh
    assert steps(found)["NORTH", "volumes"] == pytest.approx(worth, abs=fees)
    assert worth > 20 * fees
    assert [steps(found)[key] for key in (("NORTH", "prices"), ("SOUTH", "volumes"), ("SOUTH", "prices"))] == [0.0] * 3
    north = found.corrections.filter(pl.col("zone") == "NORTH")
    assert north["correction_mw"].to_list() == pytest.approx([1.0] * north.height)
    assert north["value_eur"].sum() == pytest.approx(worth, rel=1e-5)


def test_the_steps_add_up_to_what_became_of_the_book(held):
    _, before = held
    dearer = pl.when(pl.col("kind").is_in(PRICES)).then(pl.col("value") * 1.3 + 4).otherwise(pl.col("value") * 0.8)
    less = before.plant_output.with_columns(output_mw=pl.col("output_mw") * 0.8)
    now = Known(before.scenario_paths.with_columns(value=dearer.cast(pl.Float32)), less)
    first = now.scenario_paths.filter(pl.col("kind") == "day_ahead_price", pl.col("scenario") == 0)
    auction = first.select(pl.col("name").alias("zone"), "delivery_start", (pl.col("value").cast(pl.Float64) - 9).alias("price_eur_mwh"))
    found = look(held, now, auction)
    assert min(abs(value) for value in steps(found).values()) > 1.0, "every step is there"
    assert sum(steps(found).values()) == pytest.approx(found.after_eur - found.before_eur, abs=1e-6)


def test_the_auctions_price_is_in_every_path_and_second_prices_keep_their_distance(held):
    paths = held[1].scenario_paths
    start = paths["delivery_start"].min()
    found = with_auction(paths, pl.DataFrame([{"zone": "NORTH", "delivery_start": start, "price_eur_mwh": 50.0}], schema=NO_AUCTION.schema))
    own = (pl.col("name") == "NORTH") & (pl.col("delivery_start") == start)
    both = [f.filter(own).pivot("kind", index="scenario", values="value", sort_columns=True) for f in (paths, found)]
    assert both[1]["day_ahead_price"].unique().to_list() == [50.0]
    distance = [(f["second_price"] - f["day_ahead_price"]).to_numpy() for f in both]
    assert distance[1] == pytest.approx(distance[0], abs=1e-4)
    assert_frame_equal(found.filter(~own), paths.filter(~own))


def test_series_that_are_seen_otherwise_are_named_and_the_lake_stays(recorded_day, tmp_path, monkeypatch):
    runner = recorded_day[0]
    lake, later = runner.runtime.lake, Lake(tmp_path)
    for name in ("scenario_paths", "plant_output", "portfolio_solution"):
        later.write_day(name, DAY, lake.read(name, DAY, DAY))
    cut = lake.read("information_set", DAY, DAY)
    load = pl.col("raw_table") == "load_actual"
    other = pl.when(load).then(pl.lit("0")).otherwise("content_hash")
    later.write_day("information_set", DAY, cut.with_columns(rows=pl.col("rows") + 3 * load, content_hash=other))
    monkeypatch.setattr(looking, "_known_at", lambda *_: later)
    found = looking.delta(runner, DAY, cut["decision_time"][0] + timedelta(hours=10))
    assert found.changed["raw_table"].unique().to_list() == ["load_actual"]
    assert (found.changed["rows_now"] - found.changed["rows_before"]).min() >= 3
    assert sum(found.book.steps.filter(pl.col("step") != "auction")["value_eur"]) == 0.0
    assert abs(sum(found.book.steps.filter(pl.col("step") == "auction")["value_eur"])) > 1.0, "the auction cleared meanwhile"


def test_an_instant_before_the_decision_and_a_day_without_one_are_refused(recorded_day):
    runner = recorded_day[0]
    with pytest.raises(PipelineError, match=r"is not between its decision, 2026-03-28 10:15Z, and now"):
        looking.delta(runner, DAY, datetime(2026, 3, 28, 10, tzinfo=UTC))
    with pytest.raises(MissingDayError, match="energy-pipeline run 2026-03-20"):
        looking.delta(runner, date(2026, 3, 20), datetime(2026, 3, 28, 10, tzinfo=UTC))


def test_only_a_revaluation_may_lie_after_the_gate(recorded_day):
    desk = recorded_day[0].desk
    night = desk.gate_closure(DAY) + timedelta(hours=9)
    with pytest.raises(LookAheadError, match="after the gate"):
        cut_as_of(desk, {}, DAY, DAY, night)
    cuts = cut_as_of(desk, {}, DAY, DAY, night, after_gate=True)
    assert cuts[DAY] == night
    assert cuts[DAY - timedelta(days=1)] == desk.decision_time(DAY - timedelta(days=1)), "days before it are seen as they were decided"
