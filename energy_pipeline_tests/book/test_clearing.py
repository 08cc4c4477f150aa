"""Steps of plants that may be switched off: limits by scheme, acceptance, and the settled day."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from energy_pipeline import flexibility
from energy_pipeline.book import clearing
from energy_pipeline.book.acceptance import checked_acceptance, of_lines
from energy_pipeline.book.clearing import cleared, limit_eur_mwh, paid_eur_mwh, steps_of
from energy_pipeline.contracts import table
from energy_pipeline.desk.flexibility import Acceptance, RenewableRight
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.portfolio import Came, Decided, acted, asset_legs, book_of, case_of, nomination_lines, settle_day_ahead, settle_final
from energy_pipeline.risk import decided_legs
from energy_pipeline_tests.contracts.legal_frames import legal_rows
from energy_pipeline_tests.portfolio.small_desk import Day, desk_of

SOLAR = {"kind": "renewable", "zone": "NORTH", "plant": "wind", "certificate_eur_mwh": 4, "variable_cost_eur_mwh": 1, "meter": "available"}
PRICES = np.linspace(-40.0, 60.0, 41)


def right(**changes):
    return RenewableRight(**{**SOLAR, **changes})


@pytest.mark.parametrize(
    ("changes", "limit"),
    [
        ({}, -3.0),
        ({"scheme": "not_at_negative_prices"}, -0.01),
        ({"scheme": "not_at_negative_prices", "certificate_eur_mwh": 0}, 1.0),
        ({"scheme": "after_negative_intervals"}, 1.0),
        ({"scheme": "capacity"}, 1.0),
        ({"scheme": "difference", "certificate_eur_mwh": 70, "reference_eur_mwh": 50}, -19.0),
        ({"scheme": "difference", "certificate_eur_mwh": 40, "reference_eur_mwh": 50}, 11.0),
        ({"scheme": "sliding_premium", "certificate_eur_mwh": 40, "reference_eur_mwh": 50}, 1.0),
    ],
)
def test_a_step_runs_exactly_where_a_mwh_earns(changes, limit):
    terms = right(**changes)
    assert limit_eur_mwh(terms) == pytest.approx(limit)
    if terms.scheme != "after_negative_intervals":  # its payment hangs on the neighbours: bid at cost without it
        alone = np.array([paid_eur_mwh(terms, np.array([p]))[0] for p in PRICES]) + PRICES - terms.variable_cost_eur_mwh
        assert ((limit < PRICES) == (alone > 1e-9)).all()


def test_at_the_limit_the_desk_decides():
    assert [cleared(10.0, np.array([9.0, 10.0, 11.0]), rule).tolist() for rule in ("none", "half", "full")] == [[0, 0, 1], [0, 0.5, 1], [0, 1, 1]]


@pytest.fixture(scope="module")
def settled():
    """A day whose first six hours are far below nothing, with the right and without."""
    found = {}
    for name, rights in (("with", {"off": SOLAR}), ("without", {}), ("gave", {"off": {**SOLAR, "meter": "output"}})):
        day = Day(desk=desk_of(rights=rights), paths=20)
        frames = {"known_at": datetime(2024, 1, 1, tzinfo=UTC), "source": "test"}
        price = np.where(np.arange(24) < 6, -30.0, 50.0)
        prices = pl.concat([day.rows("day_ahead_prices", 60, zone=z, price_eur_mwh=price, **frames) for z in day.desk.zones])
        second = day.rows("second_prices", 60, zone="NORTH", price_kind="intraday", price_eur_mwh=price + 5, **frames)
        meters = day.rows("plant_meters", 60, plant="wind", output_mw=day.expected("wind") + 2, **frames)
        zone = {"zone": "SOUTH", "technology": "solar"}
        generation = day.rows("generation_actual", 60, **zone, generation_mw=np.full(24, 900.0), **frames)
        book = Day(desk=desk_of(), paths=20).decide()  # one book, so that only the step differs
        case = case_of(day.info, day.scenarios, day.plant_output, day.dispatch, day.signals)
        lines = nomination_lines(case, book.positions, day.dispatch)
        came = Came(prices, second, meters, generation, table("held_hours").frame())
        pnl = settle_final(day.desk, day.day, book.positions, day.plant_output, day.dispatch, came)
        auction = settle_day_ahead(day.desk, day.day, book.positions, prices, day.plant_output)
        found[name] = day, book, lines, pnl.filter(pl.col("zone") == "NORTH"), auction.filter(zone="NORTH", instrument="day_ahead"), price
    return found


def test_a_rejected_step_has_neither_sale_nor_output(settled):
    day, book, _, pnl, auction, price = settled["with"]
    _, _, _, plain, sold, _ = settled["without"]
    off, expected = price < -3, day.expected("wind")
    assert np.allclose((plain["sold_mw"] - pnl["sold_mw"]).to_numpy(), np.where(off, expected, 0.0))
    assert np.allclose((plain["output_mw"] - pnl["output_mw"]).to_numpy(), np.where(off, expected + 2, 0.0))
    assert np.allclose((auction["position_mw"] - sold["position_mw"]).to_numpy(), np.where(off, expected, 0.0))

    gain = float(pnl["total_eur"].sum() - plain["total_eur"].sum())
    schemes = 3.0 * float(((expected + 2) * ~off).sum())
    # Off: the expected volume is not sold at -30, the surplus of 2 MW not at -25 less the fee of 1.5; else certificates less cost.
    assert gain == pytest.approx(float((expected * off).sum()) * 30 + float(off.sum()) * 2 * (25 + 1.5) + schemes)

    assert book.positions.filter(zone="NORTH", instrument="day_ahead").height == 24


def test_delivering_a_rejected_step_all_the_same_is_deviation(settled):
    day, _, _, pnl, _, price = settled["gave"]
    off = price < -3
    assert np.allclose(pnl["output_mw"].to_numpy()[off] - pnl["expected_output_mw"].to_numpy()[off], day.expected("wind")[off] + 2)


def test_the_step_is_bid_apart_with_its_limit_and_lines_add_up(settled):
    day, book, lines, *_ = settled["with"]
    step = lines.filter(pl.col("kind") == "step")
    assert step["asset"].unique().to_list() == ["off"]
    assert step["limit_price_eur_mwh"].unique().to_list() == [-3.0]
    assert np.allclose(step.sort("delivery_start")["volume_mw"].to_numpy(), day.expected("wind"), atol=0.05)
    signed = pl.when(pl.col("side") == "buy").then(pl.col("volume_mw")).otherwise(-pl.col("volume_mw"))
    total = lines.filter(pl.col("zone") == "NORTH").group_by("delivery_start").agg(mw=signed.sum()).sort("delivery_start")["mw"]
    wanted = book.positions.filter(zone="NORTH", instrument="day_ahead").sort("delivery_start")["position_mw"]
    assert np.allclose(total.to_numpy(), wanted.to_numpy(), atol=0.16), "three roundings to 0.1 MW"
    assert set(steps_of(day.desk, "NORTH")) == {"wind"}
    assert steps_of(day.desk, "SOUTH") == {}


def thresholds_of(day, name):
    """Buys below 50 and sells above 65 at any content."""
    frames = [
        day.rows("asset_thresholds", 60, asset=name, zone="NORTH", content_mwh=content, charge_below_eur_mwh=50.0, discharge_above_eur_mwh=65.0)
        for content in (0.0, 20.0)
    ]
    return pl.concat(frames).with_columns(expected_price_eur_mwh=pl.lit(60.0))


@pytest.mark.parametrize("terms", [{}, {"scheme": "after_negative_intervals", "negative_intervals": 2}])
def test_every_scenario_of_the_decided_book_is_what_it_would_settle_at(terms):
    """Steps that clear there and stores that act there: risk and expected P&L rest on the legs of settlement."""
    store = {"kind": "battery", "zone": "NORTH", "power_mw": 10, "energy_mwh": 20, "cycle_cost_eur_mwh": 4, "information": "sequential"}
    day = Day(desk=desk_of(rights={"off": {**SOLAR, **terms}}, assets={"store": store}), paths=6, price_level=10.0, peak_is_proxy=False)
    dispatch, thresholds = table("dispatch").frame(), thresholds_of(day, "store")
    acting = flexibility.acting(day.desk, thresholds)
    case = case_of(day.info, day.scenarios, day.plant_output, dispatch, day.signals, acting)
    book, drawn = book_of(case, day.forecasts, dispatch), day.draw()
    legs = decided_legs(day.desk, day.day, book.positions, day.scenarios, day.plant_output, dispatch, acting)
    frames, settled = {"known_at": datetime(2024, 1, 1, tzinfo=UTC), "source": "test"}, []
    for n in range(6):
        prices = pl.concat([day.rows("day_ahead_prices", 60, zone=z, price_eur_mwh=drawn["day_ahead_price", z][n], **frames) for z in day.desk.zones])
        second = day.rows("second_prices", 60, zone="NORTH", price_kind="intraday", price_eur_mwh=drawn["second_price", "NORTH"][n], **frames)
        meters = day.rows("plant_meters", 60, plant="wind", output_mw=drawn["plant_output", "wind"][n], **frames)
        solar = drawn["plant_output", "share"][n] / 0.01
        generation = day.rows("generation_actual", 60, zone="SOUTH", technology="solar", generation_mw=solar, **frames)
        came = Came(prices, second, meters, generation, table("held_hours").frame())
        acts = acted(day.desk, day.day, thresholds, came, {}).values()
        settled.append(settle_final(day.desk, day.day, book.positions, day.plant_output, dispatch, came, acts))
    for leg, values in legs.items():
        assert values == pytest.approx([float(s[f"{leg}_eur"].sum()) for s in settled], abs=1e-6), leg
    totals = np.array([float(s["total_eur"].sum()) for s in settled])
    assert sum(float(np.abs(s["acted_mw"]).sum()) for s in settled) > 10.0
    assert float(sum((s["expected_output_mw"] < 5).sum() for s in settled)) > 0, "steps are rejected in some"
    assert book.solution["expected_pnl_eur"][0] == pytest.approx(totals.mean(), abs=1e-6), "no view on a proxy here, so one number"


def test_a_plant_is_bid_by_one_right():
    with pytest.raises(PipelineError, match=r"rights\.second\.plant: 'wind' is bid by rights\.off already"):
        desk_of(rights={"off": SOLAR, "second": SOLAR})


def test_a_plants_own_rule_raises_its_step_and_discounts_its_output_once():
    """Held back below 5 and bid at -3: one step at 5, and the expected output is what it could give."""
    desk = desk_of(rights={"off": SOLAR})
    wind = desk.plants["wind"].model_copy(update={"curtail_below_eur_mwh": 5.0})
    alone, both = (d.model_copy(update={"plants": {**desk.plants, "wind": wind}}) for d in (desk_of(), desk))
    assert clearing.held_below_eur_mwh(alone, "wind") == 5.0
    assert clearing.held_below_eur_mwh(both, "wind") is None
    assert (steps_of(both, "NORTH")["wind"].limit_eur_mwh, steps_of(desk, "NORTH")["wind"].limit_eur_mwh) == (5.0, -3.0)


def test_what_a_limit_leaves_out_is_published_and_what_it_forwent_is_settled():
    """Five negative hours, paid for runs of six and more: bid at cost they are rejected though each would have earned 4 - 1 - 2."""
    terms = {**SOLAR, "scheme": "after_negative_intervals"}
    day = Day(desk=desk_of(rights={"off": terms}), paths=20)
    lines = nomination_lines(case_of(day.info, day.scenarios, day.plant_output, day.dispatch, day.signals), day.decide().positions, day.dispatch)
    assert set(lines.filter(kind="step")["left_out_eur_mwh"]) == {4.0}
    assert set(lines.filter(pl.col("kind") != "step")["left_out_eur_mwh"]) == {0.0}
    price = np.where(np.arange(24) < 5, -2.0, 50.0)
    frames = {"known_at": datetime(2024, 1, 1, tzinfo=UTC), "source": "test"}
    prices = pl.concat([day.rows("day_ahead_prices", 60, zone=z, price_eur_mwh=price, **frames) for z in day.desk.zones])
    meters = day.rows("plant_meters", 60, plant="wind", output_mw=np.full(24, 10.0), **frames)
    came = Came(prices, table("second_prices").frame(), meters, table("generation_actual").frame(), table("held_hours").frame())
    opening = legal_rows(table("asset_states"), [{"delivery_day": day.day, "asset": "off", "kind": "opening", "asset_kind": "renewable"}])
    states = table("asset_states").frame(opening)
    none = {n: table(n).frame() for n in ("end_values", "asset_thresholds", "asset_values", "right_decisions", "dispatch")}
    found = asset_legs(day.desk, day.day, Decided(states, plant_output=day.plant_output, **none), came, table("asset_legs").frame())
    row = found.row(0, named=True)
    assert (row["saved_eur"], row["forgone_eur"]) == (0.0, pytest.approx(5 * 10 * (4 - 1 - 2)))


def test_the_auctions_answer_is_settled_line_by_line():
    """Half of the plant's step and 3 MW less of what was sold at any price were taken: less output here, deviation there."""
    day = Day(desk=desk_of(rights={"off": SOLAR}), paths=20)
    book = day.decide()
    lines = nomination_lines(case_of(day.info, day.scenarios, day.plant_output, day.dispatch, day.signals), book.positions, day.dispatch)
    frames = {"known_at": datetime(2024, 1, 1, tzinfo=UTC), "source": "test"}
    prices = pl.concat([day.rows("day_ahead_prices", 60, zone=z, price_eur_mwh=np.full(24, 50.0), **frames) for z in day.desk.zones])
    second = day.rows("second_prices", 60, zone="NORTH", price_kind="intraday", price_eur_mwh=np.full(24, 70.0), **frames)
    meters = day.rows("plant_meters", 60, plant="wind", output_mw=day.expected("wind"), **frames)
    generation = day.rows("generation_actual", 60, zone="SOUTH", technology="solar", generation_mw=day.expected("share") / 0.01, **frames)
    raw = (prices, second, meters, generation, table("held_hours").frame())
    less = pl.when(kind="step").then(pl.col("volume_mw") / 2).otherwise(pl.max_horizontal(pl.col("volume_mw") - 3.0, 0.0))
    chosen = lines.filter((pl.col("kind") == "step") | ((pl.col("zone") == "SOUTH") & (pl.col("side") == "sell")))
    told = chosen.select("zone", "kind", "asset", pl.col("delivery_start").dt.strftime("%Y-%m-%dT%H:%M:%SZ"), accepted_mw=less.cast(pl.String))
    accepted = of_lines(checked_acceptance(told, Acceptance(path="a.csv")), lines, "a.csv")
    found = {}
    for name, answer in (("assumed", None), ("told", accepted)):
        found[name] = settle_final(day.desk, day.day, book.positions, day.plant_output, day.dispatch, Came(*raw, answer))
    north, south = ({n: f.filter(zone=z).sort("delivery_start") for n, f in found.items()} for z in ("NORTH", "SOUTH"))
    half = day.expected("wind") / 2
    for column in ("output_mw", "sold_mw", "expected_output_mw"):
        assert np.allclose((north["assumed"][column] - north["told"][column]).to_numpy(), half, atol=1e-6), column
    assert np.allclose((south["assumed"]["sold_mw"] - south["told"]["sold_mw"]).to_numpy(), 3.0)
    assert south["assumed"]["output_mw"].equals(south["told"]["output_mw"]), "the plant gave what it gave"
    fee = day.desk.zones["SOUTH"].second_price.imbalance_fee_eur_mwh
    gap = south["told"]["total_eur"].sum() - south["assumed"]["total_eur"].sum()
    assert gap == pytest.approx(-24 * 3.0 * fee, abs=1e-6), "SOUTH has no second price: only the fee on what was not sold"
    first, told_da = (settle_day_ahead(day.desk, day.day, book.positions, prices, day.plant_output, a) for a in (None, accepted))
    assert told_da.filter(zone="SOUTH", instrument="day_ahead")["position_mw"].sum() == pytest.approx(
        first.filter(zone="SOUTH", instrument="day_ahead")["position_mw"].sum() + 24 * 3.0
    )
