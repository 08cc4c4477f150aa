"""One world per process: what outlives a run says what a process that has just begun would say."""

import shutil
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
import yaml

from energy_pipeline import features, forecasting, renewables
from energy_pipeline.contracts.raw import RAW_TABLES
from energy_pipeline.desk.load import desk_from
from energy_pipeline.domain.delivery import from_us
from energy_pipeline.forecasting import committee
from energy_pipeline.information.artefacts import Bundle
from energy_pipeline.information.as_of_series import AsOfSeries
from energy_pipeline.ingestion import collect, information_record
from energy_pipeline.lake import Lake
from energy_pipeline.orchestration.world import World, archive_of
from energy_pipeline.runner import past
from energy_pipeline_tests.integration import lakes

DATA = yaml.safe_load(lakes.TINY.read_text())
SHORT = {"members": ["lear_56", "xgboost"], "training_days": 66, "weight_days": 3, "error_days": 10}
DESK = desk_from({**DATA, "forecast": {**SHORT, "overrides": {"xgboost": {"trees": 4, "depth": 2, "refit_days": 28}}}}, "test")
DAY = date(2026, 3, 4)
DAYS = (DAY, DAY + timedelta(days=1))
BEGIN, END = DAY - timedelta(days=DESK.history_days), DAYS[1] + timedelta(days=DESK.forecast.horizon_days)


@pytest.fixture(scope="module")
def raw():
    """Every raw table of the synthetic desk."""
    return {t.name: collect(DESK, t.name, BEGIN, END, {}.__getitem__).frame for t in RAW_TABLES}


def lake_of(raw, root):
    lake = Lake(root)
    for name, frame in raw.items():
        for part in frame.partition_by("delivery_day", maintain_order=True):
            lake.add_vintage(name, part["delivery_day"][0], part)
    return lake


def info_of(world, day):
    tables = world.look(day, day)
    return world.archive(tables, day, day, world.decision_times(tables, day, day)).at(day)


def decided(world, day):
    """What the stages that keep past days say."""
    return said_of(world, info_of(world, day))


def said_of(world, info):
    """As `decided`, for an information set at hand."""
    store = world.raw._lake.artefacts()
    found = {
        "information_set": information_record(info, {}),
        "driver_forecasts": features.driver_forecasts(info),
        "price_forecasts": forecasting.price_forecasts(info, store),
        "forecast_models": forecasting.forecast_models(info, store),
        "plant_output": renewables.plant_output(info, None, store),
    }
    errors = [*forecasting.price_errors(info, store), *renewables.output_errors(info, store)]
    store.flush()
    world.flush()
    return found | {f"errors {e.kind} {e.name}": pl.DataFrame(e.errors) for e in errors}


def copied(lake, root):
    """A copy of a lake, months of past days included."""
    shutil.copytree(lake.root, root)
    return Lake(root)


def without_past(lake):
    """The lake as one that never kept anything of past days."""
    for folder in [*Path(lake.root).glob("*/_past"), *Path(lake.root).glob("*/_artefacts")]:
        shutil.rmtree(folder)
    return lake


def late_vintage(world_lake, day, known):
    """A correction of a load forecast, known at an instant."""
    held = world_lake.read("load_forecast", day, day)
    world_lake.add_vintage("load_forecast", day, held.with_columns(load_mw=pl.col("load_mw") * 1.1, known_at=pl.lit(known)))


def fitted_files(lake):
    """Files of fitted models, each by its zone and day."""
    return {(p.parent.name, p.stem) for p in Path(lake.root).glob("03_forecasting/_artefacts/*/*.bin")}


@pytest.fixture(scope="module")
def written():
    """Files of fitted models there were after each of the two days."""
    return []


@pytest.fixture(scope="module")
def two_days(raw, tmp_path_factory, written):
    """A process that decided two days, its lake, and what it said."""
    lake, said = lake_of(raw, tmp_path_factory.mktemp("lake")), []
    world = World(DESK, lake)
    for day in DAYS:
        said.append(decided(world, day))
        written.append(fitted_files(lake))
    return world, lake, said


def test_a_process_that_lives_on_says_what_a_fresh_one_says(two_days, tmp_path):
    _, lake, said = two_days
    fresh = World(DESK, without_past(copied(lake, tmp_path / "fresh")))
    assert lakes.differing(said[1], decided(fresh, DAYS[1])) == []


def test_a_range_says_of_each_day_what_the_day_alone_says(two_days):
    _, lake, said = two_days
    world = World(DESK, lake)
    tables = world.look(*DAYS)
    archive = world.archive(tables, *DAYS, world.decision_times(tables, *DAYS))
    assert [lakes.differing(alone, said_of(world, archive.at(day))) for day, alone in zip(DAYS, said, strict=True)] == [[], []]


def test_a_process_with_months_on_disk_says_the_same_and_fits_nothing(two_days, monkeypatch):
    _, lake, said = two_days
    monkeypatch.setattr("energy_pipeline.forecasting.point.forecast_members", None)
    monkeypatch.setattr("energy_pipeline.renewables.calibration.fit", None)
    assert lakes.differing(said[1], decided(World(DESK, lake), DAYS[1])) == []


def test_a_decision_finds_the_past_that_two_processes_made_together(two_days, tmp_path, monkeypatch):
    _, original, said = two_days
    lake = without_past(copied(original, tmp_path / "shared"))
    for kind in past.KINDS:
        days = past.days_before(DESK, kind, DAYS[1])
        for part in (days[: len(days) // 2], days[len(days) // 2 :]):
            world, store = World(DESK, lake), lake.artefacts()
            info = info_of(world, DAYS[1])
            for day in part:
                past.make(kind, info.at(day), store, DAYS[1])
            store.flush()
            world.flush()
    made, honest = [], committee.forecast_members
    monkeypatch.setattr(
        "energy_pipeline.forecasting.point.forecast_members", lambda panel, *given: made.append(panel.origin) or honest(panel, *given)
    )
    assert lakes.differing(said[1], decided(World(DESK, lake), DAYS[1])) == []
    assert set(made) == {DAYS[1]}


def test_a_poisoned_cache_changes_nothing_and_is_written_anew(two_days, tmp_path):
    _, original, said = two_days
    lake = copied(original, tmp_path / "poisoned")
    paths = sorted(Path(lake.root).glob("*/_past/*/*.bin"))
    assert len({p.parts[-4] for p in paths}) == 3
    sound = {path: path.read_bytes() for path in paths}
    for path, data in sound.items():
        half = len(data) // 2
        path.write_bytes(data[:half] + bytes(byte ^ 1 for byte in data[half : half + 64]) + data[half + 64 :])
    assert lakes.differing(said[1], decided(World(DESK, lake), DAYS[1])) == []
    newest = [path for path in paths if path.stem == f"{DAYS[1]:%Y-%m}"]
    assert newest
    assert lake.past().artefacts() != set()  # only files that hold what their checksum says are read


def test_only_days_whose_files_changed_are_read_again(raw, tmp_path):
    world = World(DESK, lake_of(raw, tmp_path))
    world.look(DAY, DAY)
    before = world.raw.days_read
    late_vintage(world.raw._lake, DAY, DESK.decision_time(DAY) + timedelta(minutes=5))
    world.look(DAY, DAY)
    assert world.raw.days_read - before == 1
    world.look(DAYS[1], DAYS[1])
    assert world.raw.days_read - before <= 1 + len(RAW_TABLES)


def test_a_late_vintage_is_seen_in_the_same_process_and_forgets_only_the_days_that_see_it(two_days, tmp_path):
    _, original, said = two_days
    world = World(DESK, copied(original, tmp_path / "one"))
    decided(world, DAYS[0])
    seen_from = DAY - timedelta(days=3)
    known = DESK.decision_time(seen_from) - timedelta(minutes=1)
    late_vintage(world.raw._lake, DAY - timedelta(days=9), known)
    world.look(*DAYS[:1] * 2)
    assert max(world.kept.memo.days) == seen_from - timedelta(days=1)
    after = decided(world, DAYS[1])
    other = without_past(copied(original, tmp_path / "other"))
    late_vintage(other, DAY - timedelta(days=9), known)
    assert lakes.differing(after, decided(World(DESK, other), DAYS[1])) == []
    assert "information_set" in lakes.differing(after, said[1])


def test_what_arrives_after_the_decision_forgets_nothing(raw, tmp_path):
    world = World(DESK, lake_of(raw, tmp_path))
    info_of(world, DAY)
    world.kept.memo.value(DAY, int(DESK.decision_time(DAY).timestamp() * 1e6), ("x",), lambda: 1)
    late_vintage(world.raw._lake, DAY - timedelta(days=2), DESK.decision_time(DAY) + timedelta(microseconds=1))
    world.look(DAY, DAY)
    assert world.kept.memo.days == [DAY]


@pytest.mark.parametrize("kind", ["drivers", "members", "ensemble", "plant"])
def test_a_kept_value_names_every_series_it_reads_and_how_far_back(raw, tmp_path, monkeypatch, kind):
    from energy_pipeline.features import drivers
    from energy_pipeline.forecasting import past_values, point
    from energy_pipeline.information.artefacts import MemoryArtefacts
    from energy_pipeline.information.cut_keys import Reads
    from energy_pipeline.renewables import expected
    from energy_pipeline.renewables import past_values as plants

    world = World(DESK, lake_of(raw, tmp_path))
    tables = world.look(DAY, DAY)
    archive = archive_of(DESK, tables, world.decision_times(tables, DAY, DAY), None)
    info, zone, plant = archive.at(DAY), next(iter(DESK.zones)), next(iter(DESK.plants))
    cases = {
        "drivers": (lambda: drivers.zone_drivers(info, zone), drivers.driver_reads(DESK, zone), DESK.max_lag_days + 1),
        "members": (lambda: point.day_members(info, zone, 1, MemoryArtefacts()), *_of(past_values.past_members(info, zone, 1))),
        "ensemble": (lambda: point.raw_ensemble(info, zone, 1, MemoryArtefacts()), *_of(past_values.past_point(info, zone, 1))),
        "plant": (lambda: expected.expected_output(info, plant, MemoryArtefacts()), *_of(plants.past_expected(DESK, plant, bytes, bytes))),
    }
    make, reads, reach = cases[kind]
    series, earliest, honest = set(), [], AsOfSeries.lookup
    opened = archive.series

    def noted(name, value, key):
        series.add(Reads(name, tuple(sorted(key.items()))))
        return opened(name, value, key)

    def looked(self, start_us, cut_us):
        earliest.append(int(start_us[start_us > 0].min()))
        return honest(self, start_us, cut_us)

    monkeypatch.setattr(archive, "series", noted)
    monkeypatch.setattr(AsOfSeries, "lookup", looked)
    make()
    assert series
    assert [s for s in series if not any(r.table == s.table and set(r.key) <= set(s.key) for r in reads)] == []
    first = from_us(min(earliest)).date()
    assert first >= DAY - timedelta(days=reach + 1)


def _of(past):
    return past.reads, past.reach_days


def test_maintenance_keeps_what_decided_days_look_back_to_and_the_artefacts_it_names(two_days, tmp_path):
    _, original, said = two_days
    lake = copied(original, tmp_path / "swept")
    named = lake.past().artefacts()
    lake.write_day("information_set", DAYS[1], said[1]["information_set"])
    stray = lake.artefacts()
    stray.put(Bundle("LEFT", DAY), "lear_56", "0" * 32, b"left over")
    stray.flush()
    assert named
    assert lake.sweep(DESK.history_days + 31)[1] >= 1
    assert stray.get(Bundle("LEFT", DAY), "lear_56", "0" * 32) is None
    assert fitted_files(lake) == named
    assert lake.sweep(20)[0] > 0
    assert lakes.differing(said[1], decided(World(DESK, lake), DAYS[1])) == []


def test_a_day_adds_at_most_two_artefacts_a_zone(two_days, written):
    _, lake, _ = two_days
    new = Counter(zone for zone, _ in written[1] - written[0])
    assert set(new) == set(DESK.zones)
    assert max(new.values()) <= 2
    held = lake.artefacts()
    kinds = {kind for zone, day in written[1] for kind, _ in held._read(Bundle(zone, date.fromisoformat(day)))}
    assert "lear_56" in kinds
    assert not [kind for kind in kinds if kind.startswith("krr")]  # they keep nothing and write nothing
    decided(World(DESK, lake), DAYS[1])
    assert fitted_files(lake) == written[1]
