"""The panel: what is known, what is repaired, which inputs stand where."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from energy_pipeline.forecasting.panel import Panel
from energy_pipeline_tests.forecasting.markets import FIRST, market


@pytest.mark.parametrize("lead", [1, 3, 7])
def test_inputs_stand_where_the_definition_puts_them(lead):
    panel, _ = market(days=40, lead=lead)
    row = 30
    origin = row - lead + 1
    prices = np.concatenate([panel.prices[origin - 1], panel.prices[origin - 2], panel.prices[origin - 3], panel.prices[row - 7]])
    exog = np.concatenate([panel.exog[j, row - lag] for j in range(2) for lag in (0, 1, 7)])
    assert panel.inputs[row].tolist() == np.concatenate([prices, exog]).tolist()
    assert np.isfinite(panel.inputs[-1]).all()
    assert np.isfinite(panel.inputs[panel.rows]).all()
    assert panel.target == FIRST + timedelta(days=40 + lead - 1)
    assert panel.dummies[-1].argmax() == panel.target.weekday()


def test_an_earlier_origin_knows_less():
    panel, _ = market(days=40)
    earlier = panel.before(date(2024, 1, 21))
    assert (earlier.days, earlier.origin, earlier.exog.shape[1]) == (20, date(2024, 1, 21), 21)
    with pytest.raises(ValueError, match="does not know"):
        panel.before(panel.origin + timedelta(days=1))
    with pytest.raises(ValueError, match="begins"):
        panel.before(FIRST)


def test_cut_keeps_the_last_days_and_their_dates():
    panel, _ = market(days=40)
    cut = panel.cut(10)
    assert (cut.days, cut.origin, cut.first_day) == (10, panel.origin, FIRST + timedelta(days=30))
    assert cut.inputs[-1].tolist() == panel.inputs[-1].tolist()


def test_repair_fills_gaps_from_the_week_before_and_does_not_learn_from_them():
    panel, _ = market(days=40)
    panel.prices[20, 5] = np.nan
    panel.prices[0, 0] = np.nan
    found = panel.repaired()
    assert found.prices[20, 5] == panel.prices[13, 5]
    assert np.isfinite(found.prices).all()
    assert 20 not in found.rows
    assert 21 in found.rows


def test_an_unknown_or_sparse_column_is_left_out_and_named():
    panel, _ = market(days=40)
    panel.exog[0, -1, 3] = np.nan
    panel.exog[1, :30] = np.nan
    found = panel.repaired()
    assert found.exog.shape[0] == 0
    assert found.notes == ("input exog_1 is unknown", "input exog_2 is known on 11 of 41 days only")


def test_names_and_kinds_of_days_stay_with_their_rows():
    panel, _ = market(days=40)
    kinds = panel.weekdays.copy()
    kinds[20] = 6
    named = replace(panel, names=("load_mw", "wind_solar_mw"), kinds=kinds)
    assert named.before(FIRST + timedelta(days=30)).cut(15).weekdays.tolist() == kinds[15:31].tolist()
    assert named.dummies[20].argmax() == 6
    named.exog[0, -1, 3] = np.nan
    found = named.repaired()
    assert (found.names, found.notes) == (("wind_solar_mw",), ("input load_mw is unknown",))
    with pytest.raises(ValueError, match="1 names for 2"):
        replace(panel, names=("load_mw",))
    with pytest.raises(ValueError, match="kinds of days"):
        replace(panel, kinds=kinds[1:])


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="does not fit"):
        Panel(FIRST, np.zeros((3, 24)), np.zeros((1, 3, 24)))


def test_a_copy_with_other_prices_learns_from_its_own_rows():
    panel, _ = market(days=40)
    assert 20 in panel.rows
    gap = panel.prices.copy()
    gap[20, 5] = np.nan
    copy = replace(panel, prices=gap)
    assert copy.rows.tolist() == Panel(panel.first_day, gap, panel.exog, panel.lead).rows.tolist()
    assert 20 not in copy.rows
    with pytest.raises(ValueError, match="learnable"):
        replace(panel, learnable=np.ones(3, dtype=bool))


@pytest.mark.parametrize(("lead", "week"), [(1, 7), (7, 7), (8, 14), (14, 14)])
def test_the_price_of_a_week_before_is_one_that_is_known_at_every_lead(lead, week):
    panel, _ = market(lead=lead, columns=0)
    assert np.isfinite(panel.inputs[[*panel.rows, -1]]).all()
    target = panel.days + lead - 1
    np.testing.assert_array_equal(panel.inputs[-1, 3 * panel.slots : 4 * panel.slots], panel.prices[target - week])
