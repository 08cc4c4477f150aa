"""The study of a hedged year: the closed form is the least variance, paths that judge choose nothing, limits and a market without risk."""

import os
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.studies.hedge_year import desk_market, hedged_day, hedged_year, least_variance_mw, reduction
from energy_pipeline.studies.replay import ReplayError, ReplayMarket, ReplayRule

DATA = Path(os.environ.get("ENERGY_PIPELINE_DATA", "../shared/data"))
GERMANY = DATA / "de_day_ahead_with_tso_forecasts_2015_2019" / "hourly.parquet"


def market(price_noise=10.0, volume_noise=1.0, days=140, seed=1):
    rng = np.random.default_rng(seed)
    forecast = 50.0 + 10.0 * np.sin(np.linspace(0, 6.28, 24)) + rng.normal(0, 8, (days, 1)) + np.zeros((days, 24))
    price = forecast + rng.normal(0, price_noise, (days, 1)) + rng.normal(0, 1, (days, 24))
    expected = 20.0 + rng.uniform(-8, 8, (days, 1)) + np.zeros((days, 24))
    output = expected + rng.normal(0, volume_noise, (days, 24))
    return ReplayMarket("made up", tuple(date(2018, 1, 1) + timedelta(days=n) for n in range(days)), price, forecast, output, expected)


@given(st.integers(0, 200), st.floats(-40, 40))
def test_the_closed_form_is_the_least_variance_up_to_the_target(seed, target):
    rng = np.random.default_rng(seed)
    gain, physical = rng.normal(0, 3, 40), rng.normal(0, 9, 40)
    best = least_variance_mw(gain, physical, target)
    sizes = np.append(np.linspace(min(target, 0), max(target, 0), 101), best)
    assert min((physical + x * gain).var() for x in sizes) == pytest.approx((physical + best * gain).var(), rel=1e-9)


def test_price_risk_is_taken_off_up_to_the_target_and_in_settlement_too():
    days = hedged_year(market(), ReplayRule(error_days=90), date(2018, 4, 15), date(2018, 5, 19))
    assert np.median([d.ratio for d in days]) == pytest.approx(0.8)
    assert min(d.effectiveness for d in days) > 0.8
    value, low, high = reduction(days, "programme")
    assert low < value < high
    assert value > 0.8
    assert max(d.view_es_eur for d in days) <= 300.0 + 1e-6


def test_a_day_hangs_on_nothing_that_its_gate_does_not_know():
    first, known = market(), (119, 120, 118, 120)
    own = (first.price, first.price_forecast, first.output_mw, first.expected_mw)
    later = ReplayMarket("made up", first.days, *(np.where(np.arange(140)[:, None] > at, v + 99.0, v) for v, at in zip(own, known, strict=True)))
    rule = ReplayRule(error_days=90)
    one, other = hedged_day(first, rule, 120), hedged_day(later, rule, 120)
    assert (one.ratio, one.effectiveness, one.view_mw, one.trust) == (other.ratio, other.effectiveness, other.view_mw, other.trust)


def test_days_outside_the_market_are_named():
    with pytest.raises(ReplayError, match="choose days inside"):
        hedged_year(market(), ReplayRule(), date(2019, 1, 1), date(2019, 1, 2))
    with pytest.raises(ReplayError, match="begin later"):
        hedged_day(market(), ReplayRule(), 12)


@pytest.mark.skipif(not GERMANY.exists(), reason="the German day-ahead and intraday prices are not there (ENERGY_PIPELINE_DATA)")
@pytest.mark.slow
def test_the_real_programme_is_at_its_target_and_takes_off_variance_in_a_winter_month():
    days = hedged_year(desk_market(DATA, date(2018, 11, 1), date(2019, 1, 31)), ReplayRule(error_days=60), date(2019, 1, 4), date(2019, 1, 31))
    worth = np.array([d.effectiveness for d in days])
    assert np.median([d.ratio for d in days]) >= 0.5
    assert np.median(worth) > 0.3
    assert reduction(days, "programme")[1] > 0.1
    assert max(d.view_es_eur for d in days) <= 300.0 + 1e-6
