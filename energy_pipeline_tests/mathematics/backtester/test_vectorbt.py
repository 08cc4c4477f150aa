"""Gross P&L against vectorbt where it accepts the prices."""

import json
from pathlib import Path

import numpy as np
import pytest

from energy_pipeline.mathematics.backtester import engine
from energy_pipeline_tests.mathematics.backtester.make_vectorbt_reference import case, gross

REFERENCE = json.loads((Path(__file__).parent / "reference" / "vectorbt.json").read_text(encoding="utf-8"))


def ours(prices, targets):
    bars = engine.continuous_bars(np.arange(prices.size) * 3_600_000_000, 60, prices)
    known = engine.known_with_price(bars)
    return np.array([engine.run(bars, engine.Decisions(known, column)).gross_eur.sum() for column in targets.T])


def test_the_peer_earns_the_same_before_costs():
    # The peer counts from a cash of 1e7: its profit carries that rounding.
    np.testing.assert_allclose(ours(*case()), REFERENCE["gross_eur"], rtol=1e-9, atol=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_the_reference_is_the_peer_if_it_is_here():
    pytest.importorskip("vectorbt", reason="vectorbt is in the dependency group peers")
    np.testing.assert_allclose(gross(*case()), REFERENCE["gross_eur"], rtol=1e-9)
