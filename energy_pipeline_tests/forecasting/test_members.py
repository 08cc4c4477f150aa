"""Kernel ridge, trees and perceptron: definitions, determinism, what they may see."""

import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge as Reference
from threadpoolctl import threadpool_limits

from energy_pipeline.forecasting import perceptron
from energy_pipeline.forecasting.committee import MEMBERS, forecast_members, members
from energy_pipeline.forecasting.kernel_ridge import KernelRidge
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.perceptron import Perceptron
from energy_pipeline.forecasting.scaling import AsinhScale
from energy_pipeline.forecasting.trees import Trees, level, slot_inputs, slot_owners
from energy_pipeline_tests.forecasting.markets import market

SMALL = Perceptron(members=2, hidden=(32, 16), epochs=150, dropout=0.1)
SMALL_NETWORK = replace(SMALL, levels=(0.1, 0.5, 0.9), adaptive=True, restart_days=28, warm_epochs=3)


def test_kernel_ridge_solves_its_definition():
    panel, _ = market(days=60)
    model = KernelRidge(60, memory_days=1e12)
    rows = panel.rows
    used = np.append(rows, panel.days)
    scale, out = AsinhScale.of(panel.inputs[rows]), AsinhScale.of(panel.prices[rows])
    w = np.concatenate([np.repeat([1, 0.15, 0.15, 0.15, 1, 0.15, 0.15, 1, 0.15, 0.15], 24), np.full(7, 3.0)])
    Z = np.hstack([np.clip(scale.scaled(panel.inputs[used]), -8, 8), panel.dummies[used]]) * w
    total = (w**2).sum()
    K = np.array([[a @ b / total + np.exp(-((a - b) ** 2).sum() / (2 * total)) for b in Z] for a in Z])
    Y = out.scaled(panel.prices[rows])
    reference = Reference(alpha=0.1, kernel="precomputed").fit(K[:-1, :-1], Y - Y.mean(axis=0))
    expected = out.prices(reference.predict(K[-1:, :-1])[0] + Y.mean(axis=0))
    assert model.predict(panel, b"{}") == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("model", [KernelRidge(120), KernelRidge(120, adaptive=True), Trees(trees=40), SMALL, SMALL_NETWORK])
@pytest.mark.parametrize("lead", [1, 4])
def test_a_member_learns_and_repeats_itself(model, lead):
    panel, came = market(days=140, lead=lead)
    fitted = model.fit(panel)
    found = model.predict(panel, fitted)
    assert found.shape == (24,)
    assert np.array_equal(found, model.predict(panel, model.fit(panel)))
    if lead == 1:
        assert np.abs(found - came[0]).mean() < np.abs(panel.prices[-7] - came[0]).mean()


def test_a_network_goes_on_from_the_fit_before_and_says_from_which():
    quick = replace(SMALL_NETWORK, epochs=4, members=1)
    panel, _ = market(days=140)
    cold = quick.fit(panel.before(panel.origin - timedelta(days=7)))
    warm = quick.after(cold)
    assert warm.fit(panel) == warm.fit(panel) != quick.fit(panel)
    assert repr(warm) != repr(quick) == repr(quick.after(b""))
    assert quick.predict(panel, warm.fit(panel)).shape == (24,)
    other, _ = market(days=140, columns=1)
    with pytest.raises(ModelUnavailableError, match="the fit before has"):
        quick.after(cold).fit(other)


def test_adaptive_members_follow_a_shift_of_the_level():
    panel, came = market(days=140)
    panel.prices[-10:] += 300.0
    for model in (KernelRidge(120, adaptive=True), Trees(trees=40)):
        found = model.predict(panel, model.fit(panel))
        assert np.abs(found - came[0] - 300.0).mean() < 60


def test_slot_inputs_by_hand_and_none_from_the_day_itself():
    panel, _ = market(days=60)
    inputs, centre, spread = slot_inputs(panel)
    owners = slot_owners(panel.columns)
    assert inputs.shape == (61, 24, len(owners))
    row, slot = 50, 9
    assert centre[row] == np.median(panel.prices[43:50])
    month = panel.prices[22:50]
    assert spread[row] == pytest.approx(np.abs(month - np.median(month)).mean())
    at = {name: inputs[row, slot][[o == name for o in owners]].tolist() for name in owners}
    assert at["price_lag_1d_eur_mwh"][0] == pytest.approx(np.arcsinh((panel.prices[49, 9] - centre[row]) / spread[row]))
    assert at["price_last_1d_eur_mwh"] == pytest.approx([np.arcsinh((panel.prices[49, 23] - centre[row]) / spread[row])])
    assert at["price_max_1d_eur_mwh"] == pytest.approx([np.arcsinh((panel.prices[49].max() - centre[row]) / spread[row])])
    load, wind = at["exog_1"], at["exog_2"]
    assert load[2] == pytest.approx(panel.exog[0, 50, 9] - panel.exog[0, 43, 9])
    assert wind[3] == pytest.approx(panel.exog[1, 50, 8] - panel.exog[1, 50, 9])
    assert load[8] == (panel.exog[0, 50] < panel.exog[0, 50, 9]).sum()
    assert at["residual_load_mw"] == pytest.approx([panel.exog[0, 50, 9] - panel.exog[1, 50, 9]])
    assert (at["hour_of_day"], at["weekday"], at["day_of_year"]) == ([9], [1], [50])
    panel.prices[50:] = 1e6
    other, _, _ = slot_inputs(panel)
    assert np.array_equal(other[50], inputs[50], equal_nan=True)
    assert level(panel)[0][50] == centre[50]


def test_gradients_equal_finite_differences():
    random = np.random.default_rng(0)
    sizes = (5, 4, 3, 2)
    p = [random.normal(size=s) for s in ((5, 4), (4, 3), (3, 2))] + [random.normal(size=b) for b in sizes[1:]]
    x, y, mask = random.normal(size=(6, 5)), random.normal(size=(6, 2)), np.full((6, 4), 2.0)

    def loss(parameters):
        z1 = np.maximum(x @ parameters[0] + parameters[3], 0) * mask
        out = np.maximum(z1 @ parameters[1] + parameters[4], 0) @ parameters[2] + parameters[5]
        u = np.abs((out - y) * perceptron.HUBER)
        return (np.where(u < 1, u**2 / 2, u - 0.5) / perceptron.HUBER).sum() / len(x)

    found = perceptron._gradients(x, y, p, mask)
    for i, values in enumerate(p):
        for place in np.ndindex(values.shape):
            changed = [v.copy() for v in p]
            changed[i][place] += 1e-6
            up = loss(changed)
            changed[i][place] -= 2e-6
            assert found[i][place] == pytest.approx((up - loss(changed)) / 2e-6, abs=1e-5)


def test_a_fit_is_the_same_in_another_process():
    code = (
        "import hashlib\nfrom energy_pipeline.forecasting.perceptron import Perceptron\n"
        "from energy_pipeline_tests.forecasting.markets import market\n"
        "p, _ = market(days=100)\nm = Perceptron(members=1, hidden=(8, 8), epochs=3)\n"
        "print(hashlib.sha256(m.predict(p, m.fit(p)).tobytes()).hexdigest())"
    )
    found = {subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout for _ in range(2)}
    assert len(found) == 1


@pytest.mark.parametrize("name", sorted(MEMBERS))
def test_every_member_survives_or_says_why_not(name):
    def broken(case):
        panel, _ = market(days=70)
        if case == "constant":
            panel.prices[:] = 42.0
        elif case == "no exogenous":
            panel.exog[:] = np.nan
        elif case == "thirty days":
            return panel.cut(30)
        else:
            panel.prices[::3] = -500.0
            panel.prices[1::3] = 3000.0
        return panel

    for case in ("constant", "no exogenous", "thirty days", "wild"):
        panel = broken(case)
        found = forecast_members(panel, members([name]), panel.before, lambda m, p: m.fit(p))
        for values in found.values.values():
            assert np.isfinite(values).all()
        assert found.values or any(note.startswith(f"without {name}: ") for note in found.notes)
        if case == "constant" and found.values:
            assert found.values[name] == pytest.approx(np.full(24, 42.0), abs=1.5)


def test_unknown_members_and_settings_are_named():
    with pytest.raises(ValueError, match="crystal"):
        members(["crystal"])
    with pytest.raises(ValueError, match=r"xgboost\.leaves"):
        members(["xgboost"], {"xgboost": {"leaves": 3}})
    with pytest.raises(ValueError, match="lear_56 to lear_60"):
        members(["lear_56"], {"lear_56": {"window_days": 60}})
    assert members(["xgboost"], {"xgboost": {"refit_days": 28}})[0].refit_days == 28


def test_too_little_history_is_said():
    panel, _ = market(days=40)
    for fitting in (lambda p: KernelRidge(20).predict(p, b"{}"), SMALL.fit, Trees().fit):
        with pytest.raises(ModelUnavailableError, match="to learn from"):
            fitting(panel.cut(30))


def test_an_input_known_for_weeks_serves_the_members_of_weeks():
    panel, _ = market(days=130)
    sparse = panel.exog.copy()
    sparse[1, :90] = np.nan  # known on the last 40 days and the target: most of 56, not of 84
    panel = replace(panel, exog=sparse)
    chosen = members(["lear_56", "lear_84"])
    found = forecast_members(panel, chosen, panel.before, lambda member, basis: member.fit(basis))
    assert found.notes == ("input exog_2 is known on 41 of 131 days only",)
    for member, columns in zip(chosen, (2, 1), strict=True):
        day = date.fromisoformat(found.fitted_on[member.name])
        known = replace(panel, exog=sparse[:columns])
        with threadpool_limits(1):  # as the committee does: two threads add up in another order
            fitted = member.fit(known.before(day).cut(member.window_days).repaired())
            expected = member.predict(known.cut(member.window_days).repaired(), fitted)
        assert found.values[member.name].tobytes() == expected.tobytes()
