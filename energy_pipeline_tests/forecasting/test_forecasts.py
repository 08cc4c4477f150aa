"""The table price_forecasts: shape, quantiles, information cut, one day alone or in a range."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts.derived import QUANTILES, quantile_column
from energy_pipeline.domain.delivery import days_between, to_us
from energy_pipeline.domain.errors import MissingDayError
from energy_pipeline.forecasting import point, price_errors, price_forecasts, second_price_skill
from energy_pipeline.information.archive import Archive, InformationSet
from energy_pipeline.information.artefacts import MemoryArtefacts
from energy_pipeline_tests.features.small_market import (
    AUTUMN,
    CHANGE,
    DESK,
    SPRING,
    STORE,
    archive_for,
    clean,
    frames_for,
    only,
    poisoned,
    withheld,
    without,
)

LEVELS = [quantile_column(q) for q in QUANTILES]


@pytest.mark.parametrize(
    ("day", "north", "south"), [(SPRING, 92, 23), (AUTUMN, 100, 25), (CHANGE - timedelta(days=2), 24, 24), (CHANGE - timedelta(days=1), 96, 24)]
)
def test_every_model_covers_every_interval(day, north, south):
    frame = price_forecasts(clean(day), STORE)
    first = frame.filter(pl.col("horizon_days") == 1)
    counts = {(z, k, m): n for z, k, m, n in first.group_by("zone", "price_kind", "model").len().iter_rows()}
    models = ("naive", "lear_56", "xgboost", "ensemble")
    assert counts == {
        **{("NORTH", "day_ahead", m): north for m in models},
        **{("NORTH", "second", m): north for m in ("naive", "ensemble")},
        **{("SOUTH", "day_ahead", m): south for m in models},
    }
    assert set(first["target_day"]) == {day}
    assert set(first["fallback"]) == {""}
    fitted = first.filter(pl.col("price_kind") == "day_ahead", pl.col("model").is_in(["lear_56", "xgboost", "ensemble"]))
    assert fitted["artefact"].str.len_chars().min() == 16


def test_naive_and_ensemble_reach_a_week_with_the_targets_own_intervals():
    day = SPRING - timedelta(days=3)
    frame = price_forecasts(clean(day), STORE).filter(pl.col("horizon_days") > 1, pl.col("zone") == "SOUTH")
    assert set(frame["model"]) == {"naive", "ensemble"}
    # The tiny desk's history is too short for the members of later days.
    assert all(text.startswith("naive stands in") for text in frame.filter(pl.col("model") == "ensemble")["fallback"])
    by_target = dict(frame.filter(pl.col("model") == "ensemble").group_by("target_day").len().iter_rows())
    assert by_target == {day + timedelta(days=i): 23 if i == 3 else 24 for i in range(1, 7)}
    assert frame["delivery_day"].unique().to_list() == [day]


def test_quantiles_are_sorted_and_near_the_point():
    frame = price_forecasts(clean(SPRING), STORE)
    levels = frame.select(LEVELS).to_numpy()
    known = np.isfinite(levels)
    assert known.all(axis=1).tolist() == known.any(axis=1).tolist() == frame["model"].is_in(["naive", "ensemble"]).to_list()
    levels, frame = levels[known.all(axis=1)], frame.filter(pl.col("model").is_in(["naive", "ensemble"]))
    assert (np.diff(levels, axis=1) >= 0).all()
    inside = (frame["q05_eur_mwh"] - 60 < frame["price_eur_mwh"]) & (frame["price_eur_mwh"] < frame["q95_eur_mwh"] + 60)
    assert inside.all()


@pytest.mark.parametrize("day", [SPRING, CHANGE])
def test_a_day_alone_equals_the_day_in_a_range(day):
    frames = frames_for(day)
    together = archive_for(day)
    store = MemoryArtefacts()
    ranged = {d: price_forecasts(together.at(d), store) for d in days_between(day - timedelta(days=1), day)}
    errors = {d: price_errors(together.at(d), store) for d in ranged}
    # Alone: a new process would load just the history decide(day) may read, and the days it forecasts.
    first, last = day - timedelta(days=DESK.history_days), day + timedelta(days=DESK.forecast.horizon_days)
    alone = Archive(DESK, only(frames, first, last)).at(day)
    store = MemoryArtefacts()
    assert price_forecasts(alone, store).equals(ranged[day])
    for one, other in zip(price_errors(alone, store), errors[day], strict=True):
        assert one.errors.tobytes() == other.errors.tobytes()


@pytest.mark.parametrize("absent", [(), ("load_forecast", "generation_forecast"), ("weather_forecast", "load_actual")])
def test_nothing_older_than_the_stated_history_is_asked_for(monkeypatch, absent):
    day = date(2025, 9, 11)
    asked = []
    honest = InformationSet.values

    def recording(self, name, value, start_us, *, cut_us=None, **key):
        starts = np.asarray(start_us)
        asked.extend([int(starts[starts >= 0].min())] if (starts >= 0).any() else [])  # a start of -1 asks for nothing
        return honest(self, name, value, start_us, cut_us=cut_us, **key)

    monkeypatch.setattr(InformationSet, "values", recording)
    info = Archive(DESK, without(frames_for(day), *absent)).at(day)
    price_forecasts(info, STORE)
    first = DESK.delivery_day(info.first_day)
    # Not older, and near enough for the bound to mean something.
    assert to_us(first.start) <= min(asked) < to_us(first.shift(70).start)


@pytest.mark.parametrize("day", [SPRING, CHANGE])
def test_later_knowledge_changes_nothing(day):
    info = clean(day)
    other = Archive(DESK, poisoned(frames_for(day), info.decision_time)).at(day)
    assert price_forecasts(info, STORE).equals(price_forecasts(other, STORE))
    for one, two in zip(price_errors(info, STORE), price_errors(other, STORE), strict=True):
        assert one.errors.tobytes() == two.errors.tobytes()


def test_later_knowledge_changes_no_lead_day(monkeypatch):
    # With members short enough for the tiny desk, so that every lead day is forecast by a model; few past days, which
    # give no quantiles: `test_later_knowledge_changes_nothing` looks at those.
    monkeypatch.setattr(point, "LATER_MEMBERS", ("lear_56", "xgboost"))
    desk = DESK.model_copy(update={"forecast": DESK.forecast.model_copy(update={"error_days": 12})})
    frames = frames_for(SPRING)
    info = Archive(desk, frames).at(SPRING)
    later = Archive(desk, poisoned(frames, info.decision_time)).at(SPRING)
    changed = Archive(desk, withheld(frames, "day_ahead_prices", info.decision_time, pl.col("delivery_day") == SPRING - timedelta(days=1)))
    store = MemoryArtefacts()  # fits are kept under what they learnt from: other rows, another fit
    honest, same, other = (price_forecasts(i, store).filter(pl.col("model") == "ensemble") for i in (info, later, changed.at(SPRING)))
    for lead in range(1, DESK.forecast.horizon_days + 1):
        rows = [f.filter(pl.col("horizon_days") == lead) for f in (honest, same, other)]
        assert not rows[0]["fallback"].str.contains("naive stands in").any()
        assert rows[0].equals(rows[1]), lead
        assert not rows[0]["price_eur_mwh"].equals(rows[2]["price_eur_mwh"]), lead


@pytest.mark.parametrize(("name", "lag"), [("day_ahead_prices", 1), ("load_forecast", 0), ("second_prices", 2), ("weather_forecast", 0)])
def test_a_used_row_known_too_late_does_change_the_forecasts(name, lag):
    info = clean(SPRING)
    moved = withheld(frames_for(SPRING), name, info.decision_time, pl.col("delivery_day") == SPRING - timedelta(days=lag))
    assert not price_forecasts(info, STORE).equals(price_forecasts(Archive(DESK, moved).at(SPRING), STORE))


def test_a_planted_leak_is_found_by_the_same_test(monkeypatch):
    honest = InformationSet.values

    def leaky(self, name, value, start_us, *, cut_us=None, **key):
        if name != "second_prices":
            return honest(self, name, value, start_us, cut_us=cut_us, **key)
        return self._archive.series(name, value, key).lookup(start_us, self.decision_us + 8 * 86_400_000_000)

    monkeypatch.setattr(InformationSet, "values", leaky)
    info = archive_for(SPRING).at(SPRING)
    other = Archive(DESK, poisoned(frames_for(SPRING), info.decision_time)).at(SPRING)
    assert not price_forecasts(info, STORE).equals(price_forecasts(other, STORE))


def test_a_short_history_falls_back_flagged_and_without_quantiles():
    frames = only(frames_for(SPRING), SPRING - timedelta(days=9), SPRING)
    frame = price_forecasts(Archive(DESK, frames).at(SPRING), STORE).filter(pl.col("horizon_days") == 1, pl.col("price_kind") == "day_ahead")
    by_model = {m: set(f["fallback"]) for (m,), f in frame.group_by("model")}
    assert by_model.keys() == {"naive", "ensemble"}
    assert by_model["naive"] == {""}
    assert all(text.startswith("naive stands in (without lear_56: 9 days of history, 56 are needed") for text in by_model["ensemble"])
    assert frame["q05_eur_mwh"].null_count() == frame.height


def test_without_any_price_the_days_are_named():
    info = Archive(DESK, without(frames_for(SPRING), "day_ahead_prices")).at(SPRING)
    with pytest.raises(MissingDayError, match=r"day_ahead_prices.*2026-03-22.*NORTH"):
        price_forecasts(info, STORE)


def test_the_second_price_keeps_the_day_ahead_mean_while_its_record_is_too_short():
    info = clean(SPRING)
    frame = price_forecasts(info, STORE).filter(pl.col("zone") == "NORTH", pl.col("model") == "ensemble", pl.col("horizon_days") == 1)
    parts = {k: f.sort("delivery_start")["price_eur_mwh"].to_numpy() for (k,), f in frame.group_by("price_kind")}
    assert parts["second"] == pytest.approx(parts["day_ahead"], abs=1e-9)
    later = Archive(DESK, poisoned(frames_for(SPRING), info.decision_time)).at(SPRING)
    one, two = (second_price_skill(i) for i in (info, later))
    assert one.equals(two)
    assert one.select("zone", "verdict", "gain").rows() == [("NORTH", "too_short", 0.0)]
    assert "settled days, 60 are needed" in one["reason"][0]
