"""The poison test: what becomes known after the decision time changes not one bit of a decision.

Raw tables are copied with everything known after decision_time(D) replaced by noise, deleted, or
joined by later wrong corrections of every row; decide(D) runs on the copy, alone and inside a range.
Then the opposite: hiding an input that is used must change the decision, and a leak planted on
purpose must be found.
"""

from datetime import date, timedelta

import dagster as dg
import pytest

from energy_pipeline.desk import load_desk
from energy_pipeline.information.as_of_series import AsOfSeries
from energy_pipeline.lake import Lake
from energy_pipeline.orchestration.partitions import key_of
from energy_pipeline.runner.flows import Runner, run_flow
from energy_pipeline.settings import Settings
from energy_pipeline_tests.integration import lakes

DESK = load_desk(lakes.TINY)
DAYS = [date(2026, 3, 29), date(2025, 10, 26)]  # 23 hours and 25 hours
pytestmark = pytest.mark.slow


def decide(root, days):
    settings = Settings(desk=lakes.TINY, lake=root)
    with dg.DagsterInstance.ephemeral() as instance:
        run_flow("decide", days, settings, instance=instance, checks=False)
    return Lake(root)


@pytest.fixture(scope="module", params=DAYS, ids=str)
def clean(request, tmp_path_factory):
    """A lake in which day D was decided on the unedited world."""
    day = request.param
    root = tmp_path_factory.mktemp(f"clean_{day}")
    settings = Settings(desk=lakes.TINY, lake=root)
    with dg.DagsterInstance.ephemeral() as instance:
        # Raw days beyond the range too: the poison must have a future to change.
        first, last = day - timedelta(days=DESK.history_days + 2), day + timedelta(days=8)
        run_flow("history", [first, last], settings, instance=instance)
    return day, decide(root, [day])


def edited(clean, tmp_path, edit):
    day, lake = clean
    target = Lake(tmp_path)
    lakes.copy_raw(lake, target, day - timedelta(days=DESK.history_days + 2), day + timedelta(days=8), edit)
    return target


EDITS = {"deleted": lakes.deleted_after, "added": lakes.added_after}
"""`added` has noise over all that came later, too: noise alone is looked at inside a range."""


@pytest.mark.parametrize("edit", EDITS, ids=str)
def test_the_future_changes_nothing(clean, tmp_path, edit):
    day, lake = clean
    edited(clean, tmp_path, EDITS[edit](DESK.decision_time(day)))
    poisoned = decide(tmp_path, [day])
    assert lakes.differing(lakes.decided(lake, day), lakes.decided(poisoned, day)) == []


ONE_DAY = pytest.mark.parametrize("clean", DAYS[:1], indirect=True, ids=str)
"""Whether the test itself can fail is the same question on every day."""


@ONE_DAY
def test_the_future_changes_nothing_inside_a_range(clean, tmp_path):
    """Two ranges are compared: a day after another begins with what that day left in the assets, a day alone does not."""
    day, _ = clean
    days, found = [day - timedelta(days=1), day], []
    for name, edit in (("clean", lambda _contract, frame: frame), ("poisoned", lakes.replaced_after(DESK.decision_time(day), seed=3))):
        edited(clean, tmp_path / name, edit)
        found.append(lakes.decided(decide(tmp_path / name, days), day))
    assert lakes.differing(*found) == []


@ONE_DAY
def test_hiding_a_used_input_changes_the_decision(clean, tmp_path):
    day, lake = clean
    edited(clean, tmp_path, lakes.moved_past(DESK.decision_time(day), "load_forecast", day))
    changed = lakes.differing(lakes.decided(lake, day), lakes.decided(decide(tmp_path, [day]), day))
    assert {"information_set", "driver_forecasts", "price_features", "price_forecasts"} <= set(changed)


def forecast(root, day):
    """The prices that a lake's raw rows say of a day, from the cut on."""
    steps = [dg.AssetKey(name) for name in ("information_set", "price_forecasts")]
    with dg.DagsterInstance.ephemeral() as instance:
        runner = Runner(Settings(desk=lakes.TINY, lake=root), instance=instance, checks=False)
        runner._execute("decide", day, day, None, selection=steps, partition_key=key_of(day)).raise_if_failed()
    return {"price_forecasts": Lake(root).read("price_forecasts", day, day)}


@ONE_DAY
def test_a_leak_planted_on_purpose_is_found(clean, tmp_path, monkeypatch):
    day, _ = clean
    honest = AsOfSeries.lookup
    one_day_us = 24 * 3600 * 1_000_000
    monkeypatch.setattr(AsOfSeries, "lookup", lambda self, start_us, cut_us: honest(self, start_us, cut_us + one_day_us))
    first, second = tmp_path / "first", tmp_path / "second"
    for root, seed in ((first, 4), (second, 5)):
        edited(clean, root, lakes.replaced_after(DESK.decision_time(day), seed))
    assert lakes.differing(forecast(first, day), forecast(second, day)) == ["price_forecasts"]
