"""The decision against an independent linear programme, its limits, and odd days."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from energy_pipeline.book.positions import Book
from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.domain.errors import InfeasibleError, MissingDayError
from energy_pipeline.information.archive import Archive
from energy_pipeline.portfolio import optimise
from energy_pipeline_tests.book.by_hand import independent_optimum, mean_fee, pnl_of, shortfall, sold
from energy_pipeline_tests.portfolio.small_desk import AUTUMN_QUARTERS, PLAIN, SPRING, Day, desk_of


def traded(book: Book, zone: str, block: str) -> float:
    return book.positions.filter(pl.col("zone") == zone, pl.col("instrument") == block)["traded_mw"][0]


PROXY_OPENING = [{**desk_of().opening_book[0].model_dump(), "is_proxy": True}]

CASES = {
    "plain": Day(),
    "sells": Day(target_mw=-6.0, edge=-3.0, seed=5),
    "beyond the limit": Day(target_mw=50.0, edge=6.0, seed=8),
    "tail not whole": Day(paths=37, seed=11),
    "negative prices": Day(price_level=-15.0, seed=4),
    "risk only matters": Day(desk=desk_of(portfolio={"risk_aversion": 50.0, "confidence": 0.9}), seed=9),
    "no risk aversion": Day(desk=desk_of(portfolio={"risk_aversion": 0.0, "confidence": 0.9}), seed=2),
    "spring": Day(day=SPRING, seed=6),
    "true peak quote": Day(peak_is_proxy=False, seed=7),
    "proxy opening": Day(desk=desk_of(opening_book=PROXY_OPENING), peak_premium=-30.0, seed=10),
}


@pytest.mark.parametrize("day", CASES.values(), ids=CASES)
def test_the_optimum_is_that_of_an_independent_programme(day):
    row = day.decide().solution.row(0, named=True)
    expected = independent_optimum(day)
    assert row["objective_eur"] == pytest.approx(expected, rel=2e-7, abs=0.02)
    assert row["objective_eur"] <= row["bound_eur"] + 1e-6 * abs(expected)
    assert row["bound_eur"] == pytest.approx(expected, rel=2e-7, abs=0.02)


def limited(es_eur: float | None) -> Day:
    """A day without risk aversion: only the limit on the shortfall keeps it from taking the expected gains."""
    limits = {"day_ahead_deviation_mw": {"NORTH": 8}, "gross_contracts_mw": 60, "es_eur": es_eur}
    desk = desk_of(limits=limits, portfolio={"risk_aversion": 0.0, "confidence": 0.9})
    return Day(paths=50, seed=13, edge=12.0, desk=desk)


@pytest.fixture(scope="module")
def shortfall_range() -> tuple[float, float]:
    """Smallest shortfall there is (mean before fees), and that of a decision without limit."""
    free = limited(None)
    book = free.decide()
    return independent_optimum(limited(1.0), least_shortfall=True), shortfall(free, book) + mean_fee(free, book)


def test_a_binding_shortfall_limit_is_kept_and_matches_the_independent_programme(shortfall_range):
    low, high = shortfall_range
    assert 0 < low < high - 100, "the day must leave something to choose"
    day = limited((low + high) / 2)
    book = day.decide()
    row = book.solution.row(0, named=True)
    assert pnl_of(day, book).mean() > day.desk.limits.es_eur, "counted from zero the limit would not bind: what the day earns gives no room"
    assert row["status"] == "optimal"
    assert "es_eur [book]" in row["binding_limits"]
    assert row["objective_eur"] == pytest.approx(independent_optimum(day), rel=1e-6, abs=0.05)
    # kept with the mean fee to spare, and no more
    assert shortfall(day, book) + mean_fee(day, book) == pytest.approx(day.desk.limits.es_eur, abs=0.02)
    step = 10.0
    more = limited((low + high) / 2 + step).decide().solution["objective_eur"][0]
    less = limited((low + high) / 2 - step).decide().solution["objective_eur"][0]
    price = book.shadow_prices[("es_eur", "book")]
    assert price > 1e-3
    assert (more - row["objective_eur"]) / step - 1e-3 <= price <= (row["objective_eur"] - less) / step + 1e-3


def test_a_shortfall_limit_that_cannot_be_kept_is_relaxed_by_the_least(shortfall_range):
    low, _ = shortfall_range
    day = limited(low / 2)
    book = day.decide()
    status = book.solution["status"][0]
    assert status.startswith("relaxed: es_eur by ")
    assert float(status.split(" by ")[1].split(" EUR")[0]) == pytest.approx(low / 2, abs=1)
    assert shortfall(day, book) + mean_fee(day, book) == pytest.approx(low, abs=1)


@pytest.mark.parametrize("premium", [-40.0, 40.0])
def test_without_risk_aversion_a_true_quote_far_from_the_mean_is_traded_and_a_proxy_is_not(premium):
    desk = desk_of(portfolio={"risk_aversion": 0.0, "confidence": 0.9})
    proxy, true = (Day(desk=desk, peak_premium=premium, peak_is_proxy=p).decide() for p in (True, False))
    assert traded(proxy, "SOUTH", "peak") == 0.0
    assert traded(true, "SOUTH", "peak") == pytest.approx(-np.sign(premium) * 15.0)


def test_a_proxy_hedges_risk_however_far_its_quote_is():
    near, far = (Day(peak_premium=p).decide() for p in (6.0, 90.0))
    assert abs(traded(near, "SOUTH", "peak")) > 0.1
    assert near.positions.drop("reference_price_eur_mwh").equals(far.positions.drop("reference_price_eur_mwh"))
    assert near.solution.equals(far.solution)


@pytest.mark.parametrize("day", [CASES["plain"], CASES["true peak quote"], CASES["proxy opening"]])
def test_reported_measures_are_those_of_the_decided_rows(day):
    book = day.decide()
    pnl = pnl_of(day, book)
    row = book.solution.row(0, named=True)
    assert row["expected_pnl_eur"] == pytest.approx(pnl.mean(), rel=1e-9)
    assert row["cvar_eur"] == pytest.approx(-np.sort(pnl)[:4].mean(), rel=1e-9)
    assert row["var_eur"] == pytest.approx(-np.sort(pnl)[4], rel=1e-9)  # order statistic 36 of 40
    assert row["objective_eur"] == pytest.approx(pnl.mean() - 0.5 * row["cvar_eur"])


@pytest.mark.parametrize("day", [*CASES.values(), Day(day=AUTUMN_QUARTERS, paths=20), Day(with_quotes=False)])
def test_every_limit_is_kept_and_tables_are_legal(day):
    book = day.decide()
    enforce(table("positions"), book.positions, day.day)
    enforce(table("portfolio_solution"), book.solution, day.day)
    rows = book.positions
    assert (rows["position_mw"] >= rows["lower_mw"]).all()
    assert (rows["position_mw"] <= rows["upper_mw"]).all()
    north = rows.filter(pl.col("zone") == "NORTH", pl.col("instrument") == "day_ahead")
    extra = (north["position_mw"] + north["expected_output_mw"]).to_numpy()  # bought beyond -E
    assert north.height == day.delivery.count(day.minutes("NORTH"))
    assert np.all(extra >= min(0.0, max(day.target_mw, -8.0)) - 1e-9)
    assert np.all(extra <= max(0.0, min(day.target_mw, 8.0)) + 1e-9)
    south = rows.filter(pl.col("zone") == "SOUTH", pl.col("instrument") == "day_ahead")
    assert (south["position_mw"] == -south["expected_output_mw"]).all()
    held = rows.filter(pl.col("instrument") != "day_ahead").unique(["zone", "instrument"])
    assert held["position_mw"].abs().sum() <= 60 + 1e-6
    assert (held["traded_mw"].abs() <= held["zone"].replace_strict({"NORTH": 25.0, "SOUTH": 15.0}) + 1e-9).all()


def test_expected_output_is_plants_and_committed_schedule():
    day = Day(day=AUTUMN_QUARTERS, paths=20)
    north = day.decide().positions.filter(pl.col("zone") == "NORTH", pl.col("instrument") == "day_ahead")
    np.testing.assert_allclose(north["expected_output_mw"], day.expected("wind") + day.dispatch["net_mw"].to_numpy())
    assert north.height == 100


def test_a_certain_edge_is_taken_up_to_the_target_and_an_adverse_one_not_at_all():
    cheap = Day(target_mw=5.0, edge=200.0)  # day-ahead 200 below the second price: buy
    assert sold(cheap.decide(), "NORTH") == pytest.approx(cheap.expected("wind") + cheap.dispatch["net_mw"].to_numpy() - 5.0)
    against = Day(target_mw=-5.0, edge=200.0)  # the signal asks to sell what is cheap
    assert sold(against.decide(), "NORTH") == pytest.approx(against.expected("wind") + against.dispatch["net_mw"].to_numpy())


def test_without_second_price_scenarios_nothing_deviates():
    day = Day(with_second=False, edge=200.0)
    book = day.decide()
    assert sold(book, "NORTH") == pytest.approx(day.expected("wind") + day.dispatch["net_mw"].to_numpy())


def test_index_studies_never_become_positions():
    day = Day(target_mw=0.0, edge=200.0)
    signals = day.signals.with_columns(target_mw=pl.when(pl.col("label") == "index_only").then(9.0).otherwise(0.0))
    book = optimise(day.info, day.scenarios, day.forecasts, day.plant_output, day.dispatch, signals)
    assert sold(book, "NORTH") == pytest.approx(day.expected("wind") + day.dispatch["net_mw"].to_numpy())


def test_no_quote_no_trade_and_the_opening_stays():
    book = Day(with_quotes=False).decide()
    contracts = book.positions.filter(pl.col("instrument") != "day_ahead")
    assert contracts["instrument"].unique().to_list() == ["base"]
    assert contracts["traded_mw"].to_list() == [0.0] * 24
    assert contracts["position_mw"].to_list() == [-10.0] * 24
    assert contracts["reference_price_eur_mwh"].to_list() == [70.0] * 24


def test_a_quote_that_comes_after_the_decision_is_not_used():
    day = Day()
    late = day.quotes.with_columns(known_at=pl.lit(datetime(2025, 9, 16, 9, 15, 1, tzinfo=UTC)))
    book = optimise(Archive(day.desk, {"forward_quotes": late}).at(PLAIN), day.scenarios, day.forecasts, day.plant_output, day.dispatch, day.signals)
    assert book.positions.filter(pl.col("instrument") != "day_ahead")["traded_mw"].abs().sum() == 0


def test_a_weekend_has_no_peak_contract():
    book = Day(day=SPRING).decide()
    assert book.positions.filter(pl.col("instrument") == "peak").is_empty()
    assert book.positions.filter(pl.col("instrument") == "base").height == 23


def test_shadow_prices_of_position_limits_are_the_gain_of_one_more_unit():
    def value(**limits):
        contracts = [
            {"zone": "NORTH", "block": "base", "max_trade_mw": 25},
            {"zone": "SOUTH", "block": "peak", "max_trade_mw": limits.pop("peak", 15)},
        ]
        desk = desk_of(
            limits={"day_ahead_deviation_mw": {"NORTH": limits.pop("north", 8)}, "gross_contracts_mw": limits.pop("gross", 20)}, contracts=contracts
        )
        return Day(desk=desk, target_mw=50.0, edge=8.0).decide()

    book, step = value(), 0.05
    start = book.solution["objective_eur"][0]
    for key, change in {
        ("day_ahead_deviation_mw", "NORTH"): "north",
        ("gross_contracts_mw", "book"): "gross",
        ("max_trade_mw", "SOUTH peak"): "peak",
    }.items():
        usual = {"north": 8, "gross": 20, "peak": 15}[change]
        up = (value(**{change: usual + step}).solution["objective_eur"][0] - start) / step
        down = (start - value(**{change: usual - step}).solution["objective_eur"][0]) / step
        assert up - 0.3 <= book.shadow_prices[key] <= down + 0.3, key
    assert max(book.shadow_prices.values()) > 1


def test_an_opening_book_beyond_repair_names_limits_and_relaxation():
    day = Day(with_quotes=False, desk=desk_of(limits={"gross_contracts_mw": 4}))
    with pytest.raises(InfeasibleError, match=r"gross_contracts_mw from 4 to 10 MW \(\+6 MW\)") as caught:
        day.decide()
    assert caught.value.conflicts == ("gross_contracts_mw", "no quote or contract for NORTH base")


def test_an_opening_book_over_its_limit_is_traded_down():
    book = Day(desk=desk_of(limits={"gross_contracts_mw": 4}, portfolio={"risk_aversion": 0.0})).decide()
    assert abs(-10 + traded(book, "NORTH", "base")) + abs(traded(book, "SOUTH", "peak")) <= 4 + 1e-6


def test_the_same_inputs_give_the_same_bytes():
    one, two = Day(seed=21).decide(), Day(seed=21).decide()
    assert one.positions.equals(two.positions)
    assert one.solution.equals(two.solution)


def test_a_book_read_back_from_its_tables_is_the_same():
    book = Day(target_mw=50.0, edge=8.0).decide()
    assert Book.from_frames(book.positions, book.solution).shadow_prices == book.shadow_prices
    assert max(book.shadow_prices.values()) > 0


def test_missing_inputs_are_named():
    day = Day()
    with pytest.raises(MissingDayError, match="zone SOUTH has a position but no day_ahead_price scenarios"):
        optimise(day.info, day.scenarios.filter(pl.col("name") != "SOUTH"), day.forecasts, day.plant_output, day.dispatch, day.signals)
    with pytest.raises(MissingDayError, match="no rows for plants share"):
        optimise(day.info, day.scenarios, day.forecasts, day.plant_output.filter(pl.col("plant") != "share"), day.dispatch, day.signals)
    with pytest.raises(MissingDayError, match="no rows for assets battery"):
        optimise(day.info, day.scenarios, day.forecasts, day.plant_output, day.dispatch.clear(), day.signals)
    with pytest.raises(MissingDayError, match="lacks 1 of 24 intervals"):
        optimise(day.info, day.scenarios, day.forecasts, day.plant_output.slice(1), day.dispatch, day.signals)


def test_a_desk_that_only_holds_contracts_has_no_auction_rows():
    desk = desk_of(plants={}, assets={}, contracts=[{"zone": "SOUTH", "block": "base", "max_trade_mw": 5}], opening_book=[])
    day = Day(desk=desk)
    quotes = day.quotes.with_columns(contract=pl.lit("base")).filter(pl.col("zone") == "SOUTH")
    info = Archive(desk, {"forward_quotes": quotes}).at(PLAIN)
    day_scenarios = Day().scenarios.filter(pl.col("kind") != "plant_output")
    book = optimise(info, day_scenarios, day.forecasts, day.plant_output, day.dispatch, day.signals.clear())
    assert set(book.positions["instrument"]) == {"base"}
    assert book.positions["zone"].unique().to_list() == ["SOUTH"]


def test_a_desk_with_nothing_to_decide_still_gets_a_legal_book():
    day = Day(desk=desk_of(contracts=[], opening_book=[]), target_mw=0.0)
    book = day.decide()
    enforce(table("portfolio_solution"), book.solution, day.day)
    assert book.solution["solver"][0] == "nothing to decide"
    assert book.solution["bound_eur"][0] == pytest.approx(book.solution["objective_eur"][0])
