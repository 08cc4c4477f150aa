"""Indicators against TA-Lib's values and against their definitions."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from energy_pipeline.mathematics.backtester import indicators as ind

REFERENCE = pl.read_parquet(Path(__file__).parent / "reference" / "talib.parquet")
H, L, C = (REFERENCE[name].to_numpy() for name in ("high", "low", "close"))
WARM_UP = 40

OURS = {
    "roc_10": lambda: ind.rate_of_change(C, 10),
    "rsi_14": lambda: ind.relative_strength(C, 14),
    "rsi_5": lambda: ind.relative_strength(C, 5),
    "macd": lambda: ind.macd(C).line,
    "macd_signal": lambda: ind.macd(C).signal,
    "macd_histogram": lambda: ind.macd(C).histogram,
    "atr_14": lambda: ind.average_true_range(H, L, C, 14),
    "adx_14": lambda: ind.directional_index(H, L, C, 14),
    "adx_5": lambda: ind.directional_index(H, L, C, 5),
    "ema_12": lambda: ind.exponential_mean(C, 12),
    "sma_20": lambda: ind.windows(C, 20, "mean"),
    "bollinger_upper": lambda: ind.bollinger(C).upper,
    "bollinger_middle": lambda: ind.bollinger(C).middle,
    "bollinger_lower": lambda: ind.bollinger(C).lower,
}


@pytest.mark.parametrize("name", OURS)
def test_talib_agrees_from_its_first_value_on(name):
    ours, theirs = OURS[name](), REFERENCE[name].to_numpy()
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs), err_msg="the first value is known at another bar")
    known = ~np.isnan(theirs)
    assert known.sum() > C.size - WARM_UP
    # The reference holds running sums: its standard deviation carries their rounding.
    np.testing.assert_allclose(ours[known], theirs[known], rtol=1e-9, atol=1e-9)


def test_the_reference_is_the_peer_if_it_is_here():
    talib = pytest.importorskip("talib", reason="TA-Lib is in the dependency group peers")
    np.testing.assert_array_equal(talib.ADX(H, L, C, 14), REFERENCE["adx_14"].to_numpy())
    np.testing.assert_array_equal(talib.MACD(C)[0], REFERENCE["macd"].to_numpy())


def test_named_variants_differ_and_follow_their_definition():
    moves = np.diff(C)
    up, down = np.maximum(moves, 0), np.maximum(-moves, 0)
    assert ind.relative_strength(C, 14, "simple")[50] == pytest.approx(100 * up[36:50].mean() / (up[36:50].mean() + down[36:50].mean()), abs=1e-9)
    first = ind.macd(C, seed="first").line
    quick = slow = C[0]
    for x in C[1:61]:
        quick, slow = quick + 2 / 13 * (x - quick), slow + 2 / 27 * (x - slow)
    assert first[60] == pytest.approx(quick - slow, abs=1e-9)
    assert abs(ind.macd(C, seed="sma").line[33] - ind.macd(C).line[33]) > 1e-6
    assert ind.macd(C, seed="sma").line[-1] == pytest.approx(ind.macd(C).line[-1], abs=1e-9), "seeds are forgotten"
    adx = ind.directional_index(H, L, C, 14, "ema")
    assert np.isfinite(adx[27:]).all()
    assert np.nanmax(np.abs(adx[60:] - ind.directional_index(H, L, C, 14)[60:])) > 1


def test_prices_through_zero():
    assert np.isnan(ind.rate_of_change(np.array([0.0, 5.0, -5.0, 5.0]), 1)).tolist() == [True, True, False, True]
    assert ind.change(np.array([-20.0, 15.0]), 1)[1] == 35.0
    shifted = C - 80.0
    np.testing.assert_allclose(ind.macd(shifted).line, ind.macd(C).line, atol=1e-9)
    np.testing.assert_allclose(ind.z_score(shifted, 20), ind.z_score(C, 20), atol=1e-8)


def test_values_do_not_depend_on_what_comes_later_or_on_short_input():
    for cut in (300, 1, 5, 20):
        rules = {
            "rsi": ind.relative_strength,
            "macd": lambda c: ind.macd(c).signal,
            "z": lambda c: ind.z_score(c, 20),
            "roc": lambda c: ind.rate_of_change(c, 10),
        }
        for rule in rules.values():
            np.testing.assert_array_equal(rule(C[:cut]), rule(C)[:cut])
        assert ind.directional_index(H[:cut], L[:cut], C[:cut]).shape == (cut,)
        assert ind.average_true_range(H[:cut], L[:cut], C[:cut]).shape == (cut,)


def test_gaps_and_periods_are_refused():
    with pytest.raises(ValueError, match="1 of 3 values are not finite, the first at position 1"):
        ind.z_score(np.array([1.0, np.nan, 2.0]), 2)
    with pytest.raises(ValueError, match="period of 0"):
        ind.wilder_mean(C, 0)


def test_flat_prices_give_nothing():
    flat = np.full(60, 3.0)
    assert np.isnan(ind.relative_strength(flat)).all()
    assert np.isnan(ind.z_score(flat, 20)).all()
