"""Settlement: hand-computed days, what stands in for what is missing, resolutions."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.domain.errors import ContractError, MissingDayError
from energy_pipeline.portfolio import Acted, plant_results, settle_day_ahead, settle_final
from energy_pipeline.portfolio import Came as RawFrames
from energy_pipeline_tests.portfolio.small_desk import AUTUMN_QUARTERS, PLAIN, SPRING, Day, desk_of

LEGS = ["physical_eur", "deviation_eur", "speculative_eur", "imbalance_fee_eur", "hedge_eur", "hedge_proxy_eur", "costs_eur"]


class Came:
    """What came on a day: raw frames, changeable before settling."""

    def __init__(self, day: Day, minutes: int | None = None, seed: int = 0) -> None:
        self.day, rng = day, np.random.default_rng(seed)
        self.book = day.decide()
        frames = {"known_at": datetime(2024, 1, 1, tzinfo=UTC), "source": "test"}

        def noise(size, at, spread):
            return at + rng.normal(0, spread, size)

        north, south = minutes or day.minutes("NORTH"), minutes or day.minutes("SOUTH")
        count = day.delivery.count
        self.prices = pl.concat(
            [
                day.rows("day_ahead_prices", north, zone="NORTH", price_eur_mwh=noise(count(north), 10, 40), **frames),
                day.rows("day_ahead_prices", south, zone="SOUTH", price_eur_mwh=noise(count(south), 10, 40), **frames),
            ]
        )
        self.second = day.rows("second_prices", north, zone="NORTH", price_kind="intraday", price_eur_mwh=noise(count(north), 10, 90), **frames)
        self.meters = day.rows("plant_meters", north, plant="wind", output_mw=np.abs(noise(count(north), 25, 6)), **frames)
        zone = {"zone": "SOUTH", "technology": "solar"}
        self.generation = day.rows("generation_actual", south, **zone, generation_mw=np.abs(noise(count(south), 2500, 300)), **frames)
        self.held = table("held_hours").frame()

    def final(self) -> pl.DataFrame:
        day = self.day
        found = settle_final(day.desk, day.day, self.book.positions, day.plant_output, day.dispatch, self.frames)
        return enforce(table("pnl"), found, day.day)

    @property
    def frames(self) -> RawFrames:
        return RawFrames(self.prices, self.second, self.meters, self.generation, self.held)

    def auction(self) -> pl.DataFrame:
        found = settle_day_ahead(self.day.desk, self.day.day, self.book.positions, self.prices)
        return enforce(table("pnl_day_ahead"), found, self.day.day)


@pytest.mark.parametrize("day", [PLAIN, SPRING, AUTUMN_QUARTERS])
def test_total_is_cash_in_less_cash_out(day):
    case = Day(day=day, paths=20)
    came = Came(case)
    pnl = came.final()
    north = pnl.filter(pl.col("zone") == "NORTH")
    hours = case.minutes("NORTH") / 60
    P, R, g = came.prices.filter(pl.col("zone") == "NORTH")["price_eur_mwh"], came.second["price_eur_mwh"], came.meters["output_mw"]
    g = g + case.dispatch["net_mw"]
    s = north["sold_mw"]
    rows = came.book.positions.filter(pl.col("zone") == "NORTH", pl.col("instrument") == "base")
    trade = rows["traded_mw"][0]
    hedge = -10 * (P - 70) + trade * (P - case.price_level - 1) - 0.4 * abs(trade)
    expected = hours * (P * s + R * (g - s) - 1.5 * (g - s).abs() + hedge - 4.0 * case.dispatch["discharge_mw"])
    np.testing.assert_allclose(north["total_eur"], expected, atol=1e-9)
    np.testing.assert_allclose(pnl.select(pl.sum_horizontal(LEGS)).to_series(), pnl["total_eur"], atol=1e-9)
    south = pnl.filter(pl.col("zone") == "SOUTH")
    assert (south["price_second_eur_mwh"] == south["price_da_eur_mwh"]).all()
    assert south["speculative_eur"].abs().max() == 0
    assert south["second_price_kind"].unique().to_list() == ["none"]
    np.testing.assert_allclose(south["output_mw"], 0.01 * came.generation["generation_mw"])
    assert not pnl["is_estimated"].any()
    assert pnl.height == case.delivery.count(case.minutes("NORTH")) + case.delivery.count(60)


def test_hedges_at_proxy_quotes_stand_apart():
    came = Came(Day(price_level=20.0))
    pnl = came.final()
    assert came.book.positions.filter(pl.col("instrument") == "peak")["traded_mw"][0] != 0
    assert pnl.filter(pl.col("zone") == "SOUTH")["hedge_proxy_eur"].abs().sum() > 0
    np.testing.assert_allclose(pnl["headline_eur"], pnl["total_eur"] - pnl["hedge_proxy_eur"], atol=1e-9)
    assert pnl.filter(pl.col("zone") == "SOUTH")["hedge_eur"].abs().sum() == 0
    assert pnl.filter(pl.col("zone") == "NORTH")["hedge_proxy_eur"].abs().sum() == 0


def test_auction_revenue_and_hedges_agree_with_the_final_settlement():
    came = Came(Day(seed=7))
    auction, final = came.auction(), came.final()
    spot = auction.filter(pl.col("instrument") == "day_ahead")["revenue_eur"].sum()
    assert spot == pytest.approx((final["sold_mw"] * final["price_da_eur_mwh"]).sum())
    hedges = auction.filter(pl.col("instrument") != "day_ahead")
    assert hedges["revenue_eur"].sum() == pytest.approx((final["hedge_eur"] + final["hedge_proxy_eur"]).sum())
    assert hedges["cost_eur"].sum() == pytest.approx(-final["costs_eur"].sum() - 4.0 * came.day.dispatch["discharge_mw"].sum())
    peak = hedges.filter(pl.col("instrument") == "peak")
    assert peak.height == 12
    np.testing.assert_allclose(peak["revenue_eur"], peak["position_mw"] * (peak["price_eur_mwh"] - peak["entry_price_eur_mwh"]))
    assert peak["is_proxy"].all()


def test_an_opening_that_is_bought_back_keeps_its_loss():
    case = Day(desk=desk_of(limits={"gross_contracts_mw": 1e-6}, portfolio={"risk_aversion": 0.0}))
    came = Came(case)
    base = came.auction().filter(pl.col("zone") == "NORTH", pl.col("instrument") == "base")
    np.testing.assert_allclose(base["position_mw"], 0, atol=1e-5)
    np.testing.assert_allclose(base["revenue_eur"], 10 * (70 - (case.price_level + 1)), atol=1e-2)  # sold at 70, bought back at 61


def test_a_missing_meter_is_replaced_and_flagged():
    came = Came(Day())
    came.meters = came.meters.with_columns(output_mw=pl.when(pl.int_range(pl.len()) == 5).then(None).otherwise(pl.col("output_mw")))
    came.generation = came.generation.slice(2)
    pnl = came.final()
    north, south = (pnl.filter(pl.col("zone") == z) for z in ("NORTH", "SOUTH"))
    assert north["is_estimated"].arg_true().to_list() == [5]
    assert north["output_mw"][5] == pytest.approx(north["expected_output_mw"][5])
    assert south["is_estimated"].arg_true().to_list() == [0, 1]
    assert south["deviation_eur"].to_list() == [0.0] * 24


def test_a_missing_second_price_makes_the_deviation_worth_nothing_and_is_flagged():
    came = Came(Day(edge=200.0))
    came.second = came.second.filter(pl.int_range(pl.len()) != 3)
    north = came.final().filter(pl.col("zone") == "NORTH")
    assert north["is_estimated"].arg_true().to_list() == [3]
    assert north["price_second_eur_mwh"][3] == north["price_da_eur_mwh"][3]
    assert north["speculative_eur"][3] == 0
    assert north["speculative_eur"][4] != 0


def test_the_other_second_price_of_a_zone_is_not_used():
    came = Came(Day())
    came.second = came.second.with_columns(price_kind=pl.lit("imbalance"))
    assert came.final().filter(pl.col("zone") == "NORTH")["is_estimated"].all()


def test_a_missing_auction_price_stops():
    came = Came(Day())
    came.prices = came.prices.slice(1)
    with pytest.raises(MissingDayError, match="zone NORTH lacks 1 of 24 auction prices"):
        came.final()
    with pytest.raises(MissingDayError, match="zone NORTH lacks 1 of 24 auction prices"):
        came.auction()


def test_quarter_hour_data_settle_an_hourly_zone_by_their_mean_and_hourly_data_a_quarter_hour_zone_by_repeating():
    fine = Came(Day(), minutes=15)
    hourly = fine.final().filter(pl.col("zone") == "NORTH")
    price = fine.prices.filter(pl.col("zone") == "NORTH")["price_eur_mwh"].to_numpy().reshape(-1, 4).mean(axis=1)
    np.testing.assert_allclose(hourly["price_da_eur_mwh"], price)
    coarse = Came(Day(day=AUTUMN_QUARTERS, paths=20), minutes=60)
    quarters = coarse.final().filter(pl.col("zone") == "NORTH")
    np.testing.assert_allclose(
        quarters["price_da_eur_mwh"], np.repeat(coarse.prices.filter(pl.col("zone") == "NORTH")["price_eur_mwh"].to_numpy(), 4)
    )
    assert not quarters["is_estimated"].any()


def test_settling_with_another_opening_book_is_refused():
    came = Came(Day())
    came.day.desk = desk_of(opening_book=[])
    with pytest.raises(ContractError, match="differs from the desk's opening book"):
        came.final()


def test_an_empty_book_settles_to_nothing():
    came = Came(Day())
    empty = came.book.positions.clear()
    assert settle_day_ahead(came.day.desk, PLAIN, empty, came.prices).is_empty()
    came.book.__dict__["positions"] = empty
    assert came.final().is_empty()


def test_first_vintages_settle_as_if_no_correction_had_come():
    came = Came(Day(day=PLAIN, paths=20))
    first, known = came.final(), datetime(2024, 1, 1, tzinfo=UTC)
    later = known + timedelta(days=9)
    corrected = came.meters.head(1).with_columns(output_mw=pl.lit(1.0), known_at=pl.lit(later).cast(pl.Datetime("us", "UTC")))
    came.meters = pl.concat([corrected, came.meters])
    assert came.frames.known_at == later
    assert came.frames.first_vintages().known_at == known
    came.meters = came.frames.first_vintages().plant_meters
    assert came.final().equals(first)


def test_what_a_store_did_on_prices_as_they_came_is_cash_at_them_without_a_fee():
    came = Came(Day(paths=20))
    day, grid_mw = came.day, np.where(np.arange(24) < 6, -4.0, 3.0)
    plain = came.final().filter(zone="NORTH").sort("delivery_start")
    second = plain["price_second_eur_mwh"].to_numpy()
    act = Acted("NORTH", grid_mw, np.full(24, 2.0), second, 1.0, 2.0)
    found = settle_final(day.desk, day.day, came.book.positions, day.plant_output, day.dispatch, came.frames, [act])
    north = enforce(table("pnl"), found, day.day).filter(zone="NORTH").sort("delivery_start")
    assert np.allclose((north["total_eur"] - plain["total_eur"]).to_numpy(), second * grid_mw - 2.0)
    assert (north["imbalance_fee_eur"] == plain["imbalance_fee_eur"]).all()
    assert np.allclose((north["output_mw"] - north["acted_mw"]).to_numpy(), plain["output_mw"].to_numpy())
    assert plain["acted_mw"].to_list() == [0.0] * 24
    assert (north.select(pl.sum_horizontal(LEGS)).to_series() - north["total_eur"]).abs().max() < 0.005


@pytest.mark.parametrize("day", [PLAIN, AUTUMN_QUARTERS])
def test_what_plants_earn_is_the_plants_part_of_the_books_legs(day):
    came = Came(Day(day=day, paths=20))
    case, pnl = came.day, came.final()
    found = enforce(table("plant_results"), plant_results(case.desk, case.day, case.plant_output, came.frames), case.day)
    for zone in ("NORTH", "SOUTH"):
        mine, book = (
            found.filter(zone=zone).group_by("delivery_start").agg(pl.sum("physical_eur", "deviation_eur", "output_mw")),
            pnl.filter(zone=zone),
        )
        both = book.join(mine, on="delivery_start", suffix="_plants")
        assert both.height == book.height > 0
        assets = both["output_mw"] - both["output_mw_plants"]
        hours = both["resolution_minutes"] / 60
        np.testing.assert_allclose(both["physical_eur_plants"] + hours * assets * both["price_da_eur_mwh"], both["physical_eur"], atol=1e-9)
        np.testing.assert_allclose(both["deviation_eur_plants"], both["deviation_eur"], atol=1e-9)
    assert (found["pnl_eur"] - found["physical_eur"] - found["deviation_eur"]).abs().max() < 1e-9
