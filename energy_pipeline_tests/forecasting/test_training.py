"""The joint network between its training job and the morning: which day reads it, what it weighs, what is said without it."""

from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest

from energy_pipeline.forecasting import forecast_models, point
from energy_pipeline.forecasting.joint import LEADS, LEVELS, packed
from energy_pipeline.forecasting.joint_training import JointSettings, data_key
from energy_pipeline.forecasting.market import zone_panel
from energy_pipeline.forecasting.past_values import past_members, past_point
from energy_pipeline.forecasting.training import train_missing, week_of
from energy_pipeline.information.archive import Archive
from energy_pipeline.information.artefacts import MemoryArtefacts
from energy_pipeline.information.trained import Network
from energy_pipeline.lake import Lake
from energy_pipeline.lake.trained import TrainedFileError
from energy_pipeline.orchestration.world import World
from energy_pipeline_tests.features.small_market import DESK, SPRING, frames_for, poisoned

FORECAST = DESK.forecast.model_copy(update={"members": ("lear_56", "joint"), "overrides": {}, "weight_days": 2})
SMALL = DESK.model_copy(update={"forecast": FORECAST})
WEEK = week_of(SPRING)


def made(info, key=""):
    """A network of random numbers for the zones of the small market, as the training would store it."""
    random, columns = np.random.default_rng(0), sorted({c for zone in SMALL.zones for c in zone_panel(info, zone).columns})
    sizes = (4 * 24 + 3 * 24 * len(columns) + 7 + len(SMALL.zones) + LEADS, 12, 8, 24 * len(LEVELS))
    weights = {f"w{i}": 0.05 * random.standard_normal(s) for i, s in enumerate(s for pair in pairwise(sizes) for s in (pair, pair[1:]))}
    of_zones = (len(SMALL.zones), len(columns))
    scales = {"exog_centre": np.full(of_zones, 2e4), "exog_spread": np.full(of_zones, 1e4), "out_centre": np.zeros(1), "out_spread": np.ones(1)}
    return packed({"key": np.array(key), "zones": np.array(sorted(SMALL.zones)), "columns": np.array(columns), **scales, **weights})


def info_with(*days):
    """The information set of a day whose lake has that network of some days."""
    bare = Archive(SMALL, frames_for(SPRING)).at(SPRING)
    data = made(bare)
    return Archive(SMALL, frames_for(SPRING), networks={day: Network(day, f"mark of {day}", lambda: data) for day in days}).at(SPRING)


def card(info):
    return forecast_models(info, MemoryArtefacts()).filter(zone="SOUTH", model="joint").row(0, named=True)


def test_without_a_network_of_an_earlier_day_the_card_says_so_and_the_forecast_is_whole():
    info = info_with(SPRING, SPRING - timedelta(days=30))
    own = card(info)
    assert own["note"] == "without joint: no network is trained -> energy-pipeline train"
    assert (own["weight"], own["fitted_for"], own["recent_days"]) == (0.0, None, 0)
    assert point.point(info, "SOUTH", "ensemble", 1, MemoryArtefacts()).fallback == ""


def test_a_network_is_published_at_once_and_weighed_after_four_weeks(monkeypatch):
    info = info_with(WEEK - timedelta(days=7), WEEK)
    bare = point.point(info_with(), "SOUTH", "ensemble", 1, MemoryArtefacts()).values
    own = card(info)
    assert (own["fitted_for"], own["recent_days"], own["weight"]) == (WEEK, 2, 0.0)
    assert own["note"] == "no weight yet: forecast on 2 of the 28 days that earn one"
    assert own["training_last_day"] == WEEK - timedelta(days=1)
    assert point.point(info, "SOUTH", "ensemble", 1, MemoryArtefacts()).values.tolist() == bare.tolist()
    monkeypatch.setattr(point, "LEAST_DAYS", 2)
    later = info_with(WEEK - timedelta(days=7), WEEK)
    assert card(later)["weight"] > 0
    assert card(later)["note"] == ""
    assert point.point(later, "SOUTH", "ensemble", 1, MemoryArtefacts()).values.tolist() != bare.tolist()


def test_kept_values_hang_on_the_networks_they_were_made_with():
    def keys(info):
        return [info.cut_key(past) for past in (past_members(info, "SOUTH", 1), past_point(info, "SOUTH", 1), past_members(info, "SOUTH", 2))]

    none, week, both = keys(info_with()), keys(info_with(WEEK)), keys(info_with(WEEK - timedelta(days=7), WEEK))
    assert none[0] != week[0] == both[0]  # the day itself reads the newest
    assert none[1] != week[1]
    assert none[2] == week[2] == both[2]  # later leads do not ask it
    assert keys(info_with(SPRING)) == none


def test_training_sees_nothing_the_decision_does_not_and_is_not_done_twice():
    info = Archive(SMALL, frames_for(SPRING)).at(SPRING)
    later = Archive(SMALL, poisoned(frames_for(SPRING), info.decision_time)).at(SPRING)
    settings = JointSettings(window_days=min(JointSettings.window_days, FORECAST.training_days))
    key, poison = (data_key(training_panels(i), settings) for i in (info, later))
    assert key == poison
    told = []
    assert train_missing(info, {SPRING: Network(SPRING, "m", lambda: made(info, key))}, told.append) is None
    assert told == [f"{SPRING}: trained already"]


def training_panels(info):
    from energy_pipeline.forecasting.quarters import HOURS, hourly_panel

    whole = {zone: zone_panel(info, zone).repaired() for zone in SMALL.zones}
    return {zone: hourly_panel(panel) if panel.slots > HOURS else panel for zone, panel in whole.items()}


def test_networks_lie_in_the_lake_under_their_day_and_hash(tmp_path):
    lake = Lake(tmp_path)
    assert lake.trained().networks() == {}
    lake.trained().write_network(WEEK, b"one")
    path = lake.trained().write_network(WEEK, b"two")
    found = World(SMALL, lake).networks
    assert list(found) == [WEEK]
    assert found[WEEK].read() == b"two"
    (tmp_path / path).write_bytes(b"three")
    with pytest.raises(TrainedFileError, match=r"its bytes are not those.*energy-pipeline train"):
        lake.trained().networks()[WEEK].read()
    (tmp_path / path).with_name("march_1.npz").write_bytes(b"")
    with pytest.raises(TrainedFileError, match=r"march_1\.npz"):
        lake.trained().networks()
