"""The reference battery against the written definition, and the drift alarm; Diebold-Mariano by hand."""

import importlib.util
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from energy_pipeline.forecasting.value import drift_alarm, reference_schedule, value_eur
from energy_pipeline.mathematics.statistics.comparison import diebold_mariano

DATA = Path(os.environ.get("ENERGY_PIPELINE_DATA", "../shared/data"))
TOOLS = DATA.parent / "tools"


def _tool(name):
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not (TOOLS / "forecast_value.py").exists(), reason="the shared tools are absent")
@pytest.mark.parametrize("market", ["NP", "BE", "DE"])
def test_it_earns_what_the_shared_definition_earns(market):
    tool = _tool("forecast_value")
    prices = pl.read_parquet(DATA / "epf" / f"{market}.parquet")["price"].to_numpy().reshape(-1, 24)
    negative = prices[(prices < 0).any(axis=1)][-12:]
    for day in [*prices[-1000::100], *negative]:
        assert day @ reference_schedule(day) == pytest.approx(day @ tool.schedule(day), abs=1e-9)


@pytest.mark.skipif(not (TOOLS / "score_epf.py").exists(), reason="the shared tools are absent")
def test_the_test_statistic_is_the_shared_tools():
    tool = _tool("score_epf")
    random = np.random.default_rng(0)
    p, ours, theirs = random.normal(size=(3, 60, 24))
    theirs *= 1.1
    for lags in (0, 7):
        found = diebold_mariano(np.abs(p - ours).mean(axis=1), np.abs(p - theirs).mean(axis=1), lags)
        assert found == pytest.approx(tool.dm(p, ours, theirs, lags), abs=1e-12)


@pytest.mark.parametrize(("minutes", "count"), [(60, 23), (60, 25), (15, 96), (30, 48)])
def test_limits_hold_at_every_length(minutes, count):
    prices = np.random.default_rng(count).normal(20, 60, count)
    net = reference_schedule(prices, minutes)
    charge, discharge = np.maximum(-net, 0), np.maximum(net, 0)
    stored = np.cumsum((charge * 0.85**0.5 - discharge / 0.85**0.5) * minutes / 60)
    assert (np.abs(net) <= 1 + 1e-9).all()
    assert stored.min() > -1e-9
    assert stored.max() < 2 + 1e-9
    assert stored[-1] == pytest.approx(0, abs=1e-9)
    assert discharge.sum() * minutes / 60 / 0.85**0.5 <= 2 + 1e-9
    assert value_eur(prices, prices, minutes) >= value_eur(prices[::-1].copy(), prices, minutes) - 1e-9


def test_quarters_that_repeat_the_hour_earn_the_same():
    prices = np.random.default_rng(5).normal(40, 30, 24)
    assert value_eur(np.repeat(prices, 4), np.repeat(prices, 4), 15) == pytest.approx(value_eur(prices, prices), abs=1e-9)


def test_the_alarm_needs_twenty_known_days_none_better_and_some_worse():
    naive = np.full(25, 10.0)
    model = np.full(25, 9.0)
    assert drift_alarm(model, naive)
    model[-1] = 10.5
    assert not drift_alarm(model, naive)
    assert not drift_alarm(naive, naive)
    model[:6] = np.nan
    assert not drift_alarm(np.full(25, np.nan), naive)
    assert not drift_alarm(np.where(np.arange(25) < 6, np.nan, 9.0), naive)


def test_unknown_prices_are_refused():
    with pytest.raises(ValueError, match="finite"):
        reference_schedule(np.array([1.0, np.nan]))
