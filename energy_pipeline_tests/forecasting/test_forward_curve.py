"""The forward curve: quotes are met, the shape is kept, contradictions are refused."""

from datetime import date

import cvxpy as cp
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.contracts import table
from energy_pipeline.domain.blocks import profile
from energy_pipeline.domain.delivery import DeliveryDay
from energy_pipeline.forecasting import forward_curve, price_forecasts
from energy_pipeline.forecasting.forward_prices import BlockQuote, QuoteArbitrageError, arbitrage_free
from energy_pipeline.information.archive import Archive
from energy_pipeline.information.artefacts import MemoryArtefacts
from energy_pipeline_tests.features.small_market import DESK, SPRING, archive_for, frames_for


def quotes(day, minutes, **mids):
    return [BlockQuote(b, mid, 0.25, profile(b, DeliveryDay(day, "Europe/Berlin"), minutes)) for b, mid in mids.items()]


@given(
    day=st.dates(date(2019, 1, 1), date(2026, 12, 31)),
    minutes=st.sampled_from([15, 60]),
    base=st.floats(-200, 900),
    peak=st.floats(-200, 900),
    seed=st.integers(0, 99),
)
def test_every_quoted_block_costs_its_quote_and_the_shape_inside_it_stays(day, minutes, base, peak, seed):
    own = quotes(day, minutes, base=base, peak=peak)
    forecast = np.random.default_rng(seed).normal(50, 30, own[0].profile.size)
    curve = arbitrage_free(forecast, own)
    for quote in own:
        if quote.profile.any():
            assert quote.profile @ curve / quote.profile.sum() == pytest.approx(quote.mid_eur_mwh, abs=1e-8)
    moved = curve - forecast
    for inside in (own[1].profile > 0, own[1].profile == 0):
        assert not inside.any() or np.ptp(moved[inside]) < 1e-8


def test_the_curve_is_the_nearest_one_to_the_forecast():
    own = quotes(date(2019, 4, 3), 60, base=40.0, peak=55.0)
    forecast = np.random.default_rng(0).normal(45, 12, 24)
    x = cp.Variable(24)
    cp.Problem(cp.Minimize(cp.sum_squares(x - forecast)), [q.profile @ x / q.profile.sum() == q.mid_eur_mwh for q in own]).solve(solver=cp.CLARABEL)
    assert arbitrage_free(forecast, own) == pytest.approx(x.value, abs=1e-5)


def test_three_quotes_meet_inside_their_spreads_or_are_refused():
    day, forecast = date(2019, 4, 3), np.full(24, 30.0)
    found = arbitrage_free(forecast, quotes(day, 60, base=50.0, peak=60.0, offpeak=40.1))
    for quote in quotes(day, 60, base=50.0, peak=60.0, offpeak=40.1):
        assert abs(quote.profile @ found / quote.profile.sum() - quote.mid_eur_mwh) <= quote.half_spread_eur_mwh + 1e-9
    with pytest.raises(QuoteArbitrageError, match=r"base 50 \+- 0\.25, peak 60 \+- 0\.25, offpeak 45"):
        arbitrage_free(forecast, quotes(day, 60, base=50.0, peak=60.0, offpeak=45.0))


def test_peak_on_a_sunday_moves_nothing():
    forecast = np.arange(24.0)
    assert arbitrage_free(forecast, quotes(date(2019, 4, 7), 60, peak=500.0)).tolist() == forecast.tolist()


def test_the_table_names_its_basis_and_meets_the_visible_quote():
    day = SPRING  # a Sunday of 23 hours
    known = archive_for(day).at(day).decision_time
    quote = {"delivery_day": day, "zone": "SOUTH", "contract": "base", "price_eur_mwh": 77.0, "half_spread_eur_mwh": 0.2}
    visible = quote | {"is_proxy": True, "known_at": known, "source": "test"}
    late = visible | {"price_eur_mwh": 99.0, "known_at": known.replace(hour=23)}
    frames = frames_for(day)
    rows = pl.DataFrame([visible, late], schema=table("forward_quotes").schema)
    info = Archive(DESK, {**frames, "forward_quotes": rows}).at(day)
    curve = forward_curve(info, price_forecasts(info, MemoryArtefacts()))
    south = curve.filter(pl.col("zone") == "SOUTH", pl.col("target_day") == day)
    assert south.height == 23
    assert south["price_eur_mwh"].mean() == pytest.approx(77.0)
    assert set(south.select("basis", "contracts").iter_rows()) == {("proxy_quotes", "base")}
    rest = curve.filter((pl.col("zone") != "SOUTH") | (pl.col("target_day") != day))
    assert set(rest["basis"]) == {"forecast"}
    assert rest["price_eur_mwh"].equals(rest["forecast_eur_mwh"])
    assert curve["target_day"].n_unique() == DESK.forecast.horizon_days
