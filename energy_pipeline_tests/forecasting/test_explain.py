"""What the trees' explanation, the committee's table and the spread say of a day."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts.derived import QUANTILES, quantile_column
from energy_pipeline.features import FEATURES
from energy_pipeline.features.groups import GROUP_OF
from energy_pipeline.forecasting import forecast_contributions, forecast_models, price_forecasts, spread_forecasts
from energy_pipeline.forecasting.committee import forecast_members, members
from energy_pipeline.forecasting.explain import explain
from energy_pipeline.forecasting.forecaster import fit_day
from energy_pipeline.forecasting.joint import LEADS, LEVELS, Joint, packed
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.trees import Trees, slot_owners
from energy_pipeline.information.archive import Archive
from energy_pipeline.information.artefacts import MemoryArtefacts
from energy_pipeline.information.trained import Network
from energy_pipeline_tests.features.small_market import CHANGE, DESK, SPRING, STORE, clean, frames_for, poisoned
from energy_pipeline_tests.forecasting.markets import market


def test_contributions_are_shapley_values_of_the_trees():
    panel, _ = market(days=90)
    trees = Trees(trees=8, depth=2, columns_share=1.0)
    fitted = trees.fit(panel)
    found = explain(trees, panel, fitted)
    assert found.typical + found.contributions.sum(axis=1) == pytest.approx(trees.predict(panel, fitted), rel=1e-5)
    assert found.importance.sum() == pytest.approx(1.0)
    # An input no tree splits on has neither importance nor contribution.
    unused = found.importance == 0
    assert unused.any()
    assert np.abs(found.contributions[:, unused]).max() == 0
    assert set(found.names) == set(slot_owners(panel.columns))


@pytest.mark.parametrize("day", [SPRING, CHANGE])
def test_the_contributions_of_an_hour_add_up_to_the_members_price(day):
    info = clean(day)
    table = forecast_contributions(info, STORE)
    total = table.group_by("zone", "model", "delivery_start").agg(pl.col("contribution_eur_mwh").sum())
    prices = price_forecasts(info, STORE).filter(pl.col("model").is_in(DESK.forecast.members), pl.col("horizon_days") == 1)
    hourly = prices.group_by("zone", "model", pl.col("delivery_start").dt.truncate("1h")).agg(pl.col("price_eur_mwh").mean())
    both = hourly.join(total, on=["zone", "model", "delivery_start"], how="inner", validate="1:1")
    assert both.height == hourly.height == 2 * 2 * len(info.day.slots(60))
    assert (both["price_eur_mwh"] - both["contribution_eur_mwh"]).abs().max() < 1e-3


@pytest.mark.parametrize("name", ["lear_56", "krr_364", "krr_364a", "xgboost", "mlp", "mlp_a", "network", "sarimax", "joint"])
def test_every_members_contributions_are_of_features_and_add_up_to_its_forecast(name):
    panel, _ = market(days=400 if name.startswith(("mlp", "net")) else 200)
    panel = replace(panel, names=("load_mw", "wind_solar_mw"))
    quick = {"mlp": {"epochs": 2}, "mlp_a": {"epochs": 2}, "network": {"epochs": 2}, "xgboost": {"trees": 10}}
    member = Joint("A", untrained(panel)) if name == "joint" else members([name], quick)[0]
    fitted = member.fit(panel)
    found = explain(member, panel, fitted)
    assert set(found.names) <= set(GROUP_OF)
    assert found.typical + found.contributions.sum(axis=1) == pytest.approx(member.predict(panel, fitted), rel=1e-5, abs=1e-5)
    assert found.importance.sum() == pytest.approx(1.0)
    assert "load_mw" in found.names


def untrained(panel):
    """A joint network of random numbers: what its explanation says does not hang on TensorFlow."""
    random, columns = np.random.default_rng(0), (*panel.columns, "outages_of_another_zone")
    sizes = (4 * 24 + 3 * 24 * len(columns) + 7 + 2 + LEADS, 12, 8, 24 * len(LEVELS))
    weights = [0.1 * random.standard_normal(shape) for pair in pairwise(sizes) for shape in (pair, pair[1:])]
    scales = {"exog_centre": np.full((2, len(columns)), 50.0), "exog_spread": np.full((2, len(columns)), 20.0)}
    made = packed(
        {
            "out_centre": np.zeros(1),
            "out_spread": np.ones(1),
            "zones": np.array(["A", "B"]),
            "columns": np.array(columns),
            **scales,
            **{f"w{i}": w for i, w in enumerate(weights)},
        }
    )
    return Network(panel.origin, "random", lambda: made)


def test_no_name_but_the_feature_tables_occurs_among_contributions():
    table = forecast_contributions(clean(SPRING), STORE)
    assert set(table["input"]) <= {*FEATURES, "typical"}
    assert set(table["model"]) == set(DESK.forecast.members)
    assert table.filter(pl.col("feature_group").is_null()).is_empty()


def test_the_committees_table_names_training_weight_and_recent_error():
    info = clean(SPRING)
    table = forecast_models(info, STORE)
    forecasts = price_forecasts(info, STORE)
    for (zone,), part in table.group_by("zone"):
        assert part["model"].to_list() == ["lear_56", "xgboost"]
        assert part["weight"].sum() == pytest.approx(1.0)
        assert (part["training_last_day"] < SPRING).all()
        own = forecasts.filter(pl.col("zone") == zone, pl.col("model") == "xgboost")
        assert set(part["artefact"]) == set(own["artefact"])
        assert part["recent_days"].to_list() == [DESK.forecast.weight_days] * 2
        assert part["recent_mae_eur_mwh"].min() > 0
    trees = table.row(by_predicate=(pl.col("model") == "xgboost") & (pl.col("zone") == "SOUTH"), named=True)
    assert "trees=12 depth=3" in trees["settings"]
    assert trees["seed"] == "0"
    assert (trees["fitted_for"] - trees["training_last_day"]).days == 1


def test_later_knowledge_changes_none_of_these_tables():
    info = clean(SPRING)
    other = Archive(DESK, poisoned(frames_for(SPRING), info.decision_time)).at(SPRING)
    assert forecast_models(info, STORE).equals(forecast_models(other, MemoryArtefacts()))
    assert forecast_contributions(info, STORE).equals(forecast_contributions(other, MemoryArtefacts()))
    one, two = (spread_forecasts(i, price_forecasts(i, STORE)) for i in (info, other))
    assert one.equals(two)


@pytest.mark.parametrize(("day", "count"), [(SPRING, 92), (CHANGE, 96)])
def test_the_spread_lies_inside_its_band_and_is_second_less_day_ahead(day, count):
    info = clean(day)
    found = spread_forecasts(info, price_forecasts(info, STORE))
    assert found.height == count
    assert set(found["zone"]) == {"NORTH"}
    prices = price_forecasts(info, STORE).filter(pl.col("zone") == "NORTH", pl.col("model") == "ensemble", pl.col("horizon_days") == 1)
    wide = prices.pivot("price_kind", index="delivery_start", values="price_eur_mwh").sort("delivery_start")
    assert found["spread_eur_mwh"].to_numpy() == pytest.approx((wide["second"] - wide["day_ahead"]).to_numpy(), abs=1e-9)
    levels = found.select([quantile_column(q) for q in QUANTILES]).to_numpy()
    assert (np.diff(levels, axis=1) >= 0).all()
    # Far narrower than the second price itself.
    second = prices.filter(pl.col("price_kind") == "second").sort("delivery_start")
    assert (found["q95_eur_mwh"] - found["q05_eur_mwh"]).mean() < (second["q95_eur_mwh"] - second["q05_eur_mwh"]).mean()
    assert found["p_positive"].is_between(0, 1).all()


def test_a_failed_fit_takes_the_last_one_and_says_so():
    panel, _ = market(days=110)
    trees = members(["xgboost"], {"xgboost": {"trees": 5}})
    block = fit_day(panel.origin, 7)

    def fit(member, basis):
        if basis.origin == block:
            raise ModelUnavailableError("out of memory")
        return member.fit(basis)

    found = forecast_members(panel, trees, panel.before, fit)
    assert found.fitted_on["xgboost"] == (block - timedelta(days=7)).isoformat()
    assert any(note.startswith("the last fit of xgboost, of ") for note in found.notes)

    def never(member, basis):
        raise ModelUnavailableError("out of memory")

    assert forecast_members(panel, trees, panel.before, never).notes == ("without xgboost: out of memory",)
