"""Factor risk adds up and finds what it was made of; changes of value are explained to the cent."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.contracts import table
from energy_pipeline.mathematics.statistics.estimators import RiskInputError
from energy_pipeline.mathematics.statistics.factors import book_risk, energy_factors, exposures_over_time, fit, named_components, principal_components
from energy_pipeline.risk.attribution import Deal, Mark, MarkError, bachelier, delta_mwh, explain, marked, restated, value_eur

NAMES = ("hub", "gas", "wind")
B = np.array([[1.0, 0.4, -2.0], [0.8, 0.0, -1.0], [0.0, 1.0, 0.5], [1.2, -0.3, 0.0]])


def made(days=2000, noise=1.0, seed=0):
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(days, 3)) * [5, 2, 1] + rng.normal(size=(days, 1))
    return factors @ B.T + noise * rng.normal(size=(days, 4)), factors


@pytest.mark.parametrize("decay", [1.0, 0.99])
def test_contributions_add_up_to_the_weighted_volatility(decay):
    y, f = made(500)
    w = np.array([10.0, -4.0, 3.0, 1.0])
    found = book_risk(fit(y, f, NAMES, decay), w)
    weights = decay ** np.arange(499, -1, -1)
    weights /= weights.sum()
    pnl = y @ w
    sigma = np.sqrt(weights @ (pnl - weights @ pnl) ** 2)
    assert found.volatility == pytest.approx(sigma, rel=1e-10)
    assert sum(found.contributions.values()) == pytest.approx(sigma, rel=1e-10)
    assert found.factor_share + found.contributions["idiosyncratic"] / sigma == pytest.approx(1)


def test_exposures_are_found_and_followed():
    y, f = made()
    model = fit(y, f, NAMES)
    np.testing.assert_allclose(model.loadings, B, atol=0.1)
    exact, drivers = made(noise=0.0)[:2]
    assert fit(exact, drivers, NAMES).r_squared == pytest.approx(1)
    pnl = np.concatenate([y[:1000, 0], y[1000:, 2]])  # the book changes half-way
    path = exposures_over_time(pnl, f, NAMES, 0.97)
    assert np.isnan(path[58]).all()
    np.testing.assert_allclose(path[999], B[0], atol=0.5)
    np.testing.assert_allclose(path[-1], B[2], atol=0.5)
    np.testing.assert_array_equal(exposures_over_time(pnl[:900], f[:900], NAMES, 0.97), path[:900])


def test_components_and_their_names():
    y, f = made(noise=0.1)
    found = principal_components(y, 3)
    assert found.shares.sum() > 0.98
    np.testing.assert_allclose(found.loadings.T @ found.loadings, np.eye(3), atol=1e-10)
    assert abs(named_components(found, f, NAMES)[0]["hub"]) > 0.9


def test_energy_factors_from_daily_series():
    rng = np.random.default_rng(1)
    hub = 40 + rng.normal(size=200).cumsum()
    series = {"hub": hub, "zone": hub + 3, "temperature_c": np.linspace(-5, 30, 200), "peak": hub + 5, "offpeak": hub - 5, "carbon": hub / 2}
    names, values = energy_factors(series, "FR")
    assert names == ["hub", "carbon", "heating", "cooling", "basis FR", "shape", "volatility"]
    assert values.shape == (199, 7)
    np.testing.assert_allclose(values[:, names.index("basis FR")], 0, atol=1e-12)
    assert values[0, names.index("heating")] < 0 == values[-1, names.index("heating")]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda y, f: (y, np.column_stack([f[:, :2], 2 * f[:, 0]])), "hub, wind are multiples"),
        (lambda y, f: (y, f * [1, 0, 1]), "gas do not move"),
        (lambda y, f: (y[:4], f[:4]), "more days or fewer factors"),
        (lambda y, f: (y, np.where(f > 9, np.nan, f)), "not finite: hub"),
        (lambda y, f: (y[:-1], f), "a name each"),
    ],
)
def test_factors_that_cannot_be_used(change, words):
    with pytest.raises(RiskInputError, match=words):
        fit(*change(*made(300)), NAMES)  # type: ignore[call-arg]


DAY = date(2026, 1, 5)
DAYS = [DAY + timedelta(days=i) for i in range(30)]


def mark(as_of=DAY, level=60.0, sigma=3.0, usd=0.9, seed=0) -> Mark:
    rng = np.random.default_rng(seed)
    curve = {(z, b, d): level + rng.normal(0, 5) for z in ("DE", "FR") for b in ("base", "peak") for d in DAYS}
    return Mark(as_of, curve, {("DE", "base"): sigma, ("FR", "peak"): 2 * sigma}, {"EUR": 1.0, "USD": usd})


def deals() -> list[Deal]:
    energy = dict.fromkeys(DAYS, 240.0)
    return [
        Deal("base", "DE", "base", "forward", energy, 55.0),
        Deal("cap", "DE", "base", "cap", energy, 70.0, premium_eur_mwh=2.0),
        Deal("floor", "FR", "peak", "floor", dict.fromkeys(DAYS, -120.0), 20.0, "USD"),
    ]


moves = st.fixed_dictionaries({"level": st.floats(-100, 500), "sigma": st.floats(0.1, 60), "usd": st.floats(0.5, 1.5), "seed": st.integers(1, 9)})


@settings(max_examples=30, deadline=None)
@given(moves, st.integers(0, 40), st.floats(0, 1e4))
def test_every_change_is_explained(move, days, costs):
    old, new = mark(), mark(DAY + timedelta(days=days), **move)
    added = Deal("new", "FR", "base", "forward", {DAYS[5]: 100.0}, 50.0)
    after = [*deals()[:2], added]
    legs = explain(deals(), after, old, new, costs)
    book = {r["leg"]: r["value_eur"] for r in legs.filter(legs["deal"] == "book").to_dicts()}
    assert abs(book["unexplained"]) < 1e-4
    total = sum(value_eur(d, new) for d in after) - sum(value_eur(d, old) for d in deals()) - costs
    assert legs["value_eur"].sum() == pytest.approx(total, rel=1e-9, abs=1e-4)
    forward = legs.filter((legs["deal"] == "base") & legs["leg"].is_in(["gamma", "vega", "time"]))
    assert forward["value_eur"].abs().sum() < 1e-6, "a forward has a delta and nothing else"


def test_small_moves_are_taylors():
    cap, old = deals()[1], mark()
    step = 0.01
    up = replace(old, curve={k: v + step for k, v in old.curve.items()})
    down = replace(old, curve={k: v - step for k, v in old.curve.items()})
    slope = (value_eur(cap, up) - value_eur(cap, down)) / (2 * step)
    assert delta_mwh(cap, old).sum() == pytest.approx(slope, rel=1e-6)
    second = (value_eur(cap, up) - 2 * value_eur(cap, old) + value_eur(cap, down)) / step**2
    one = replace(old, curve={k: v + 1.0 for k, v in old.curve.items()})
    legs = {r["leg"]: r["value_eur"] for r in explain([cap], [cap], old, one).to_dicts()}
    assert legs["gamma"] == pytest.approx(second / 2, rel=0.05)
    assert legs["delta"] == pytest.approx(slope, rel=1e-6)
    assert explain([cap], [cap], old, replace(old, as_of=DAY + timedelta(days=1))).filter(pl_leg("time"))["value_eur"][0] < 0


def pl_leg(name):
    import polars as pl

    return pl.col("leg") == name


def test_options_keep_parity_and_intrinsic_value():
    f, k = np.array([-40.0, 10.0, 70.0]), 15.0
    call, delta = bachelier(f, k, np.array([20.0, 20.0, 0.0]))
    assert call[2] == 55.0
    assert (call >= np.maximum(f - k, 0) - 1e-12).all()
    assert ((delta >= 0) & (delta <= 1)).all()
    cap, floor = (replace(deals()[1], kind=kind, premium_eur_mwh=0.0) for kind in ("cap", "floor"))
    forward = replace(cap, kind="forward")
    assert value_eur(cap, mark()) - value_eur(floor, mark()) == pytest.approx(value_eur(forward, mark()))
    assert marked(deals(), mark()).height == 3


def test_a_total_of_another_book_is_unexplained():
    own = explain(deals(), deals(), mark(), mark(seed=3))
    assert explain(deals(), deals(), mark(), mark(seed=3), total_eur=own["value_eur"].sum() + 77)["value_eur"].sum() == pytest.approx(
        own["value_eur"].sum() + 77
    )


@pytest.mark.parametrize(
    ("old", "words"),
    [
        (replace(mark(), curve={}), "no price of"),
        (replace(mark(), volatility={}), "no volatility"),
        (replace(mark(), fx={"EUR": 1.0}), "is in USD"),
        (replace(mark(), curve={k: float("nan") for k in mark().curve}), "not all finite"),
    ],
)
def test_marks_that_lack_something(old, words):
    with pytest.raises(MarkError, match=words):
        explain(deals(), deals(), old, mark())
    with pytest.raises(MarkError, match="terms of cap differ"):
        explain(deals(), [replace(deals()[1], price=1.0)], mark(), mark())


def test_a_later_vintage_restates_by_leg():
    base = dict.fromkeys(table("pnl").schema) | {"delivery_day": DAY, "zone": "DE", "delivery_start": datetime(2026, 1, 5, tzinfo=UTC)}
    first = table("pnl").frame(
        [{**base, "physical_eur": 100.0, "deviation_eur": 0.0, "total_eur": 100.0, "settled_as_of": datetime(2026, 1, 7, tzinfo=UTC)}]
    )
    later = table("pnl").frame(
        [{**base, "physical_eur": 90.0, "deviation_eur": 4.0, "total_eur": 94.0, "settled_as_of": datetime(2026, 1, 9, tzinfo=UTC)}]
    )
    found = {r["leg"]: r["change_eur"] for r in restated(first, later).to_dicts()}
    assert (found["physical"], found["deviation"], found["total"]) == (-10.0, 4.0, -6.0)
    with pytest.raises(MarkError, match="older rows"):
        restated(later, first)


def test_a_restatement_has_the_same_digits_in_any_order_of_rows():
    rng = np.random.default_rng(2)
    base = dict.fromkeys(table("pnl").schema) | {"delivery_day": DAY, "settled_as_of": datetime(2026, 1, 7, tzinfo=UTC)}
    starts = [datetime(2026, 1, 5, tzinfo=UTC) + timedelta(hours=h) for h in range(24)]
    rows = table("pnl").frame([{**base, "zone": z, "delivery_start": s, "total_eur": rng.normal() * 1e5} for z in ("DE", "FR", "NL") for s in starts])
    whole = restated(rows, rows)
    assert all(restated(rows.sample(fraction=1.0, shuffle=True, seed=s), rows).equals(whole) for s in range(6))
