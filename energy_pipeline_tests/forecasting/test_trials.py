"""Whether a model earns its place: against a loop over past days, and challengers that decide nothing."""

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from energy_pipeline.desk.forecasting import ForecastSettings
from energy_pipeline.forecasting import forecast_models, price_forecasts
from energy_pipeline.forecasting.point import day_members, outcomes, past_days, raw_ensemble
from energy_pipeline.forecasting.trials import daily_errors, trials
from energy_pipeline.forecasting.walk import ensemble_day
from energy_pipeline.information.archive import Archive
from energy_pipeline.information.artefacts import MemoryArtefacts
from energy_pipeline_tests.features.small_market import DESK, SPRING, clean, frames_for

STORE = MemoryArtefacts()


def listed(members, challengers=()):
    return DESK.model_copy(update={"forecast": DESK.forecast.model_copy(update={"members": members, "challengers": challengers})})


ALONE, CHALLENGED = listed(("lear_56",)), listed(("lear_56",), ("xgboost",))


def made_up(days=90, slots=24, seed=3):
    random = np.random.default_rng(seed)
    came = random.normal(50, 20, (days, slots))
    sizes = {"lear_56": 4.0, "lear_84": 5.0, "krr_364": 4.5, "xgboost": 6.0}
    past = {name: came + random.normal(0, size, came.shape) for name, size in sizes.items()}
    past["krr_364"][:70] = np.nan  # trained late: too few days for a weight of its own, then some
    past["xgboost"][80] = np.nan  # could not forecast on one day
    came[85, 2] = np.nan  # the hour that spring skips
    return past, came


def by_a_loop(past, came, names, judged, weighting):
    """Each day's ensemble as the walk makes it, one by one."""
    found = []
    for i in range(len(came) - judged, len(came)):
        today = {m: past[m][i] for m in names if np.isfinite(past[m][i]).all()}
        before = [{m: past[m][j] for m in names if np.isfinite(past[m][j]).any()} for j in range(max(i - weighting, 0), i)]
        found.append(np.nanmean(np.abs(ensemble_day(None, today, before, came[max(i - weighting, 0) : i]).values - came[i])) if today else np.nan)
    return np.array(found)


@pytest.mark.parametrize("names", [["lear_56", "xgboost"], ["lear_56", "lear_84", "krr_364", "xgboost"], ["krr_364"]])
@pytest.mark.parametrize(("judged", "weighting"), [(28, 28), (40, 60), (10, 84)])
def test_the_errors_of_a_list_are_those_of_the_walk_day_by_day(names, judged, weighting):
    past, came = made_up()
    found = daily_errors({m: past[m] for m in names}, came, judged, weighting)
    assert found == pytest.approx(by_a_loop(past, came, names, judged, weighting), rel=1e-10, nan_ok=True)


def test_a_member_is_tried_by_leaving_it_out_and_any_other_by_putting_it_in():
    past, came = made_up()
    found = trials(past, came, ["lear_56", "xgboost"], 28, 60)
    for name, changed in {"lear_56": ["xgboost"], "xgboost": ["lear_56"], "lear_84": ["lear_56", "xgboost", "lear_84"]}.items():
        own, other = (by_a_loop(past, came, names, 28, 60) for names in (["lear_56", "xgboost"], changed))
        days = np.isfinite(past[name][-28:]).any(axis=1) & np.isfinite(own) & np.isfinite(other)
        assert found[name].ensemble_mae == pytest.approx(own[days].mean())
        assert found[name].changed_mae == pytest.approx(other[days].mean())
        assert (found[name].days, 0 <= found[name].p <= 1) == (days.sum(), True)
    assert found["krr_364"].days == 20  # only the days it forecast


def test_a_family_that_must_earn_its_weight_has_none_on_its_first_days():
    past, came = made_up()
    past["joint"] = past.pop("krr_364")  # on the last 20 days only, fewer than earn a weight
    with_it, without = ({m: past[m] for m in names} for names in (["lear_56", "xgboost", "joint"], ["lear_56", "xgboost"]))
    waits = daily_errors(with_it, came, 19, 60, {"joint"})
    alone = np.isfinite(past["xgboost"][-19:]).all(axis=1)
    assert waits[alone] == pytest.approx(daily_errors(without, came, 19, 60)[alone], rel=1e-12)
    assert np.abs(daily_errors(with_it, came, 19, 60) - waits).max() > 0.01
    assert trials(past, came, ["lear_56", "joint"], 19, 60, {"joint"})["joint"].changed_mae == pytest.approx(
        trials(past, came, ["lear_56"], 19, 60, {"joint"})["joint"].ensemble_mae
    )


def test_a_list_of_one_cannot_lose_it():
    past, came = made_up()
    assert set(trials({"lear_56": past["lear_56"]}, came, ["lear_56"], 28, 28)) == set()


def test_a_challenger_is_forecast_scored_and_without_weight():
    one, two = (Archive(desk, frames_for(SPRING)).at(SPRING) for desk in (ALONE, CHALLENGED))
    before, after = price_forecasts(one, STORE), price_forecasts(two, STORE)
    assert set(after["model"]) - set(before["model"]) == {"xgboost"}
    left = [c for c in before.columns if c != "artefact"]
    assert after.filter(pl.col("model") != "xgboost").select(left).equals(before.select(left))
    card = forecast_models(two, STORE)
    theirs = card.filter(role="challenger")
    assert theirs["model"].to_list() == ["xgboost"] * len(DESK.zones)
    assert theirs["weight"].to_list() == [0.0] * len(DESK.zones)
    assert theirs["changed_mae_eur_mwh"].is_not_null().all()
    assert card.filter(role="member").group_by("zone").agg(pl.col("weight").sum())["weight"].to_list() == pytest.approx([1.0] * len(DESK.zones))
    assert set(theirs["note"]) == {""}


def test_a_challenger_that_cannot_forecast_is_no_fallback_of_the_ensemble():
    alone, failing = (Archive(desk, frames_for(SPRING)).at(SPRING) for desk in (ALONE, listed(("lear_56",), ("lear_1456",))))
    before, after = (price_forecasts(info, STORE).filter(model="ensemble")["fallback"] for info in (alone, failing))
    assert after.to_list() == before.to_list()
    card = forecast_models(failing, STORE).filter(role="challenger")
    assert card["note"].str.starts_with("without lear_1456: ").all()
    assert card["changed_mae_eur_mwh"].is_null().all()


def test_the_ensembles_error_in_a_trial_is_that_of_the_ensembles_that_were_published():
    info = clean(SPRING)
    card = forecast_models(info, STORE)
    judged = min(DESK.forecast.weight_days, DESK.forecast.error_days)
    days = past_days(info, 1, judged)
    for zone in DESK.zones:
        came = outcomes(info, zone, "day_ahead_prices", days, 1)
        errors = [np.nanmean(np.abs(raw_ensemble(info.at(d), zone, 1, STORE).values - row)) for d, row in zip(days, came, strict=True)]
        own = card.filter(zone=zone)
        assert own["trial_days"].to_list() == [judged] * own.height
        assert own["ensemble_mae_eur_mwh"].to_list() == pytest.approx([np.mean(errors)] * own.height, rel=1e-9)


def test_where_only_challengers_could_forecast_the_naive_stands_in():
    info = Archive(listed(("lear_1456",), ("lear_56",)), frames_for(SPRING)).at(SPRING)
    found = price_forecasts(info, STORE).filter(model="ensemble", horizon_days=1, price_kind="day_ahead")
    assert found["fallback"].str.contains("naive stands in").all()
    assert "lear_56" in day_members(info, next(iter(DESK.zones)), 1, STORE)[0].values
    assert set(forecast_models(info, STORE).filter(role="challenger")["weight"]) == {0.0}


def test_a_model_is_a_member_or_a_challenger_and_named_once():
    with pytest.raises(ValidationError, match="lear_56: named more than once"):
        ForecastSettings(members=("lear_56",), challengers=("lear_56", "xgboost"))
