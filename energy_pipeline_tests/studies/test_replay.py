"""Replayed days: identities on every day, nothing from the future, and a slice of real days."""

import os
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from energy_pipeline.domain.errors import SourceError
from energy_pipeline.studies import settled_days
from energy_pipeline.studies.deviation_loss import deviation_loss_eur_mwh
from energy_pipeline.studies.real_days import GERMAN, read
from energy_pipeline.studies.replay import ReplayError, ReplayMarket, ReplayRule, replay, replay_day

DATA = Path(os.environ.get("ENERGY_PIPELINE_DATA", "../shared/data"))
RULE = ReplayRule(error_days=60, volatility_decay=0.97)


def market(days=120, seed=0, second=True) -> ReplayMarket:
    rng = np.random.default_rng(seed)
    first = date(2019, 1, 1)
    forecast = 40 + 10 * np.sin(np.arange(24)) + rng.normal(0, 3, (days, 24))
    price = forecast + rng.normal(0, 8, (days, 1)) + rng.normal(0, 3, (days, 24))
    expected = np.abs(rng.normal(12, 4, (days, 1))) + np.zeros((days, 24))
    output = np.maximum(expected + rng.normal(0, 2, (days, 24)), 0)
    other = price - 2 * (output - expected) + rng.normal(0, 4, (days, 24))
    return ReplayMarket("test", tuple(first + timedelta(days=i) for i in range(days)), price, forecast, output, expected, other if second else None)


@pytest.mark.parametrize("second", [True, False])
def test_identities_hold_on_every_day(second):
    m = market(second=second)
    found = settled_days.study(m, RULE, m.days[70], m.days[-1])
    assert max(settled_days.identities(found).values()) < 1e-8
    assert {"physical", "deviation", "speculative", "hedge_proxy"} <= set(found.days[0].pnl)
    for d in found.days:
        assert sum(d.expected_legs.values()) - d.total_eur == pytest.approx(d.loss_eur)
        assert d.weights @ d.losses == pytest.approx(0, abs=1e-9)
        leg, short = d.cause
        assert short == pytest.approx(max(d.expected_legs[n] - v for n, v in d.pnl.items()))
        assert leg in d.pnl
    if not second:
        assert all(abs(d.pnl["deviation"]) + abs(d.pnl["speculative"]) == 0 for d in found.days)


def test_a_decision_knows_no_price_of_its_day_and_no_output_of_the_day_before():
    m, i = market(), 100
    before = replay_day(m, RULE, i)
    poisoned = {"price": m.price.copy(), "output_mw": m.output_mw.copy(), "second": m.second.copy()}
    poisoned["price"][i:] += 500
    poisoned["output_mw"][i - 1 :] += 50
    poisoned["second"][i - 1 :] -= 300
    after = replay_day(replace(m, **poisoned), RULE, i)
    np.testing.assert_array_equal(before.losses, after.losses)
    assert before.expected_legs == after.expected_legs
    assert before.pnl != after.pnl
    later = {"price_forecast": m.price_forecast.copy(), "expected_mw": m.expected_mw.copy()}
    later["price_forecast"][i + 1 :] = 0
    later["expected_mw"][i + 1 :] = 0
    np.testing.assert_array_equal(before.losses, replay_day(replace(m, **later), RULE, i).losses)


def test_days_that_cannot_be_replayed():
    m = market()
    with pytest.raises(ReplayError, match="fewer than 20 past days"):
        replay_day(m, RULE, 10)
    with pytest.raises(ReplayError, match="choose days inside"):
        replay(m, RULE, date(2018, 1, 1), m.days[-1])
    with pytest.raises(ReplayError, match=r"2019-01-06 and 0 more day\(s\) are not finite"):
        replace(m, price=np.where(np.arange(120)[:, None] == 5, np.nan, m.price))
    with pytest.raises(ReplayError, match="one row a day"):
        replace(m, days=m.days[:-1])


@pytest.mark.skipif(not (DATA / GERMAN).exists(), reason="no public data")
def test_a_slice_of_real_days():
    """The study of docs/risk-backtest.md on two months, its errors from the three before."""
    m = settled_days.german_market(DATA, date(2018, 6, 1), date(2018, 12, 31))
    found = settled_days.study(m, ReplayRule(error_days=90, volatility_decay=1.0), date(2018, 11, 1), date(2018, 12, 31))
    assert len(found.days) == 61
    assert max(settled_days.identities(found).values()) < 1e-7
    at95 = found.tests[0]
    assert at95.kupiec_p > 0.01
    assert 0 < at95.exceptions < 12
    assert 4 < np.abs(m.price - m.price_forecast).mean() < 8


@pytest.mark.skipif(not (DATA / GERMAN).exists(), reason="no public data")
def test_the_loss_of_the_tso_forecast():
    names = {"p": "price_da_eur_mwh", "r": "price_id_eur_mwh", "g": "wind_de_mw", "f": "wind_de_forecast_da_mw"}
    v = read(DATA, GERMAN, names, date(2015, 10, 1), date(2019, 9, 30))
    assert deviation_loss_eur_mwh(v.values["p"], v.values["r"], v.values["g"], v.values["f"]) == pytest.approx(0.414, abs=0.002)
    assert v.filled["p"] == 4
    with pytest.raises(SourceError, match=r"lacks the column\(s\) nothing"):
        read(DATA, GERMAN, {"p": "nothing"}, date(2016, 1, 1), date(2016, 1, 2))
    with pytest.raises(SourceError, match="no row"):
        read(DATA, GERMAN, {"p": "wind_de_mw"}, date(2026, 1, 1), date(2026, 1, 2))
