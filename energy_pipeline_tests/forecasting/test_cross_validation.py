"""Cross-validation over time: the future of a fold is not seen, and the better setting wins."""

import numpy as np
import pytest

from energy_pipeline.forecasting.cross_validation import cross_validate, fold_spans
from energy_pipeline_tests.forecasting.markets import market


def test_the_future_of_a_fold_changes_nothing_and_the_settings_are_ranked():
    panel, _ = market(days=240)
    spans = fold_spans(panel.origin, 2, 5, 20)
    grid = {"ridge": [0.1, 1e4]}
    found = cross_validate(panel, "krr_364a", grid, spans)
    assert [c.settings["ridge"] for c in found] == [0.1, 1e4]  # a ridge that flattens everything is worse
    assert found[0].mae_eur_mwh == pytest.approx(found[0].fold_mae_eur_mwh.mean())
    poisoned, _ = market(days=240)
    row = (spans[0][1] - panel.first_day).days + 1
    poisoned.prices[row:] = np.random.default_rng(0).normal(0, 500, poisoned.prices[row:].shape)
    again = cross_validate(poisoned, "krr_364a", grid, spans[:1])
    assert {c.settings["ridge"]: c.fold_mae_eur_mwh[0] for c in again} == {c.settings["ridge"]: c.fold_mae_eur_mwh[0] for c in found}


def test_a_fold_in_the_unknown_and_an_unknown_setting_are_refused():
    panel, _ = market(days=120)
    with pytest.raises(ValueError, match="a fold reaches"):
        cross_validate(panel, "xgboost", {"depth": [3]}, [(panel.origin, panel.origin)])
    with pytest.raises(ValueError, match=r"xgboost\.leaves"):
        cross_validate(panel, "xgboost", {"leaves": [3]}, fold_spans(panel.origin, 1, 5, 5))
    with pytest.raises(ValueError, match="overlap"):
        fold_spans(panel.origin, 2, 10, 5)
