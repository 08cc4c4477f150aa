"""The training job of settings: found on one day's information, read by that day and later, said where it is not there."""

from datetime import timedelta

import numpy as np
import pytest

from energy_pipeline.forecasting import forecast_models, forecast_tuning, sarimax, tuning
from energy_pipeline.forecasting.point import chosen_members, point
from energy_pipeline.information.archive import Archive
from energy_pipeline.information.artefacts import MemoryArtefacts
from energy_pipeline.information.trained import Found
from energy_pipeline.lake import Lake
from energy_pipeline.lake.trained import TrainedFileError
from energy_pipeline.orchestration.world import World
from energy_pipeline_tests.features.small_market import DESK, SPRING, frames_for, poisoned

FORECAST = DESK.forecast.model_copy(update={"members": ("sarimax", "xgboost"), "overrides": {"xgboost": {"trees": 5, "depth": 3}}})
SMALL = DESK.model_copy(update={"forecast": FORECAST})
OTHER = {"SOUTH": {"sarimax": Found({"p": 1, "d": 1, "q": 0, "seasonal_p": 0, "seasonal_q": 0}, "aic", 10.0, 12.0, {"adf_p_value": 0.3})}}


@pytest.fixture(scope="module")
def quick():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sarimax, "GRID", ((1, 0, 0, 0), (2, 1, 0, 0)))
        patch.setattr(tuning, "TREES_GRID", {"depth": (2, 3), "rate": (0.1, 0.3)})
        patch.setattr(tuning, "FOLDS", 1)
        yield


def test_the_search_sees_nothing_the_decision_does_not_and_leaves_pinned_settings_alone(quick):
    info = Archive(SMALL, frames_for(SPRING)).at(SPRING)
    told = []
    found = tuning.tune(info, told.append)
    assert set(found) == {"NORTH", "SOUTH"}
    assert len(told) == 4
    for members in found.values():
        assert members["xgboost"].settings["depth"] == 3  # the desk file names it
        assert members["xgboost"].value <= max(members["xgboost"].declared_value or np.inf, members["xgboost"].value)
        assert {"bic", "adf_statistic", "adf_p_value", "bic_p"} <= set(members["sarimax"].facts)
    later = Archive(SMALL, poisoned(frames_for(SPRING), info.decision_time)).at(SPRING)
    assert tuning.tune(later) == found


def test_a_decision_reads_the_newest_training_that_is_not_younger_and_says_so():
    late = {SPRING - timedelta(days=2): OTHER, SPRING + timedelta(days=1): {}}
    trained, bare = (Archive(SMALL, frames_for(SPRING), trainings=t).at(SPRING) for t in (late, {SPRING + timedelta(days=1): OTHER}))
    orders = {zone: next(m.order for m in chosen_members(trained, zone) if isinstance(m, sarimax.Sarimax)) for zone in DESK.zones}
    assert orders == {"NORTH": (2, 0, 1, 0, 0), "SOUTH": (1, 1, 0, 0, 0)}
    rows = {(r["zone"], r["model"], r["setting"]): r for r in forecast_tuning(trained).iter_rows(named=True)}
    own, none, pinned = rows["SOUTH", "sarimax", "d"], rows["NORTH", "sarimax", "d"], rows["SOUTH", "xgboost", "depth"]
    assert (own["source"], own["value"], own["declared_value"], own["trained_on"]) == ("trained", 1, 0, SPRING - timedelta(days=2))
    assert (own["criterion"], own["criterion_value"], own["adf_p_value"]) == ("aic", 10.0, 0.3)
    assert (none["source"], none["trained_on"], none["criterion_value"]) == ("declared", None, None)
    assert (pinned["source"], pinned["value"]) == ("desk", 3)
    assert set(forecast_tuning(bare)["source"]) == {"declared", "desk"}
    prices = [point(info, "SOUTH", "sarimax", 1, MemoryArtefacts()).values for info in (trained, bare)]
    assert np.abs(prices[0] - prices[1]).max() > 1e-6


def test_the_model_card_says_where_settings_come_from():
    desk = SMALL.model_copy(update={"forecast": FORECAST.model_copy(update={"members": ("sarimax",), "weight_days": 1})})
    card = forecast_models(Archive(desk, frames_for(SPRING), trainings={SPRING: OTHER}).at(SPRING), MemoryArtefacts())
    assert dict(card.select("zone", "settings_from").iter_rows()) == {"NORTH": "declared: no training is found", "SOUTH": f"trained on {SPRING}"}
    assert "p=1 d=1 q=0" in card.filter(zone="SOUTH")["settings"].item()


def test_trainings_lie_in_the_lake_and_what_they_changed_is_forgotten(tmp_path):
    lake = Lake(tmp_path)
    before = World(SMALL, lake).kept.version
    assert lake.trained().read() == {}
    lake.trained().write(SPRING, OTHER)
    assert lake.trained().read() == {SPRING: OTHER}
    assert World(SMALL, lake).kept.version != before
    (tmp_path / "03_forecasting/_trained/2026-01-01.json").write_text("[1]")
    with pytest.raises(TrainedFileError, match=r"2026-01-01\.json.*energy-pipeline tune"):
        lake.trained().read()
