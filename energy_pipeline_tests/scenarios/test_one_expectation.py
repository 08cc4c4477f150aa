"""One expectation: paths, week and their representatives have the published mean and quantiles; the daily check sees one that has not."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.book.published_forecast import published_distribution, published_forecast
from energy_pipeline.contracts import table
from energy_pipeline.contracts.derived import QUANTILES, quantile_column
from energy_pipeline.forecasting.expectation import published, spread_shift
from energy_pipeline.information.archive import Archive
from energy_pipeline.scenarios import scenario_paths, scenario_summary
from energy_pipeline.scenarios.sets import scenario_sets
from energy_pipeline.scenarios.verdicts import two_expectations
from energy_pipeline.scenarios.week import week_set
from energy_pipeline_tests.renewables.hand_made import ensemble
from energy_pipeline_tests.scenarios.test_paths import histories, matrix, roof
from energy_pipeline_tests.scenarios.test_sets_scores_week import D, desk_of

PATHS = 200


def forecasts(desk):
    """A skewed distribution for every zone, price and lead, as it is published."""
    rng = np.random.default_rng(3)
    parts = []
    for lead in range(7):
        target = D + timedelta(days=lead)
        for zone, kind in (("NORTH", "day_ahead"), ("SOUTH", "day_ahead"), ("NORTH", "second")):
            if kind == "second" and lead:
                continue
            minutes, limits = desk.zones[zone].resolution_minutes(target), desk.price_bounds(zone, kind, D)
            count = desk.delivery_day(target).count(minutes)
            quantiles = 50 + np.sort(20 * rng.standard_gamma(2.0, (count, len(QUANTILES))) - 30, axis=1)
            found = published(np.full(count, 55.0), rng.standard_t(4, (45, 24)).repeat(count // 24, axis=1), quantiles, limits)
            bands = {quantile_column(q): found.quantiles[:, j] for j, q in enumerate(QUANTILES)}
            more = dict(zip(("lowest_eur_mwh", "highest_eur_mwh"), limits, strict=True))
            more |= {"tail_lower": found.tail_lower, "tail_upper": found.tail_upper, "statistic": "mean", "price_eur_mwh": found.mean}
            made = ensemble(desk, target, {(zone, kind): 0.0})
            columns = {k: pl.Series(v) if isinstance(v, np.ndarray) else pl.lit(v) for k, v in {**bands, **more}.items()}
            parts.append(made.with_columns(delivery_day=D, horizon_days=pl.lit(lead + 1, pl.Int32), **columns))
    return pl.concat(parts).select([pl.col(k).cast(t) for k, t in table("price_forecasts").schema.items()])


@pytest.fixture(scope="module")
def day():
    desk = desk_of(scenarios={"paths": PATHS, "kept": 7, "week_paths": 128, "week_kept": 5})
    info, errors = Archive(desk, {}).at(D), histories(D, make=lambda n, slots: np.random.default_rng(n + slots).standard_normal((n, slots)))
    own = forecasts(desk)
    paths = scenario_paths(info, own, roof(D), errors)
    return info, errors, own, paths, scenario_summary(paths), scenario_sets(info, own, roof(D), errors, paths)


def test_every_unconditional_set_has_the_published_mean(day):
    info, errors, own, paths, summary, sets = day
    assert two_expectations(own, summary, sets) == []
    assert set(sets["set"]) >= {"day", "week"}
    for zone, kind in (("NORTH", "day_ahead"), ("SOUTH", "day_ahead"), ("NORTH", "second")):
        rows = published_forecast(own, zone, D, kind)
        np.testing.assert_allclose(matrix(paths, f"{kind}_price", zone).mean(axis=1, dtype=float), rows["price_eur_mwh"], atol=1e-4)
    week = week_set(info, own, errors)
    south = np.concatenate([published_forecast(own, "SOUTH", D, lead=n)["price_eur_mwh"].to_numpy() for n in range(1, 8)])
    np.testing.assert_allclose(week.path("day_ahead_price", "SOUTH").mean(axis=1, dtype=float), south, atol=1e-4)


def test_quantiles_of_the_paths_agree_within_half_a_stratum(day):
    _, _, own, paths, *_ = day
    said = published_distribution(published_forecast(own, "NORTH", D))
    values = np.sort(matrix(paths, "day_ahead_price", "NORTH"), axis=1)
    for k in range(PATHS):
        low, high = said.at(np.array([[[k / PATHS + 1e-12, (k + 1) / PATHS - 1e-12]]]))[0].T
        assert (values[:, k] >= low - 1e-4).all()
        assert (values[:, k] <= high + 1e-4).all()


@pytest.mark.parametrize("moved", ["published", "paths", "day", "week"])
def test_a_second_expectation_is_found_and_named(day, moved):
    _, _, own, _, summary, sets = day
    if moved == "published":  # the mean alone was corrected
        own = own.with_columns(price_eur_mwh=pl.col("price_eur_mwh") + 1e-3)
        assert any("off the integral" in text for text in two_expectations(own, summary, sets))
    elif moved == "paths":
        found = two_expectations(own, summary.with_columns(mean=pl.col("mean") + pl.when(pl.col("name") == "SOUTH").then(2.0).otherwise(0.0)), sets)
        assert found == [text for text in found if text.startswith("paths day_ahead_price SOUTH: 24 interval(s)")]
        assert found
    else:
        worse = sets.with_columns(value=pl.when(pl.col("set") == moved).then(pl.col("value") + pl.lit(0.5, pl.Float32)).otherwise(pl.col("value")))
        found = two_expectations(own, summary, worse)
        assert found
        assert all(text.startswith(moved) for text in found)


def test_a_bias_moves_the_whole_distribution_by_half_of_it():
    """Errors of the same size every day: the mean, the median and every quantile move together."""
    rng = np.random.default_rng(0)
    quantiles, errors = 50 + np.sort(rng.normal(0, 10, (24, len(QUANTILES))), axis=1), rng.normal(0, 5, (45, 24))
    plain, biased = (published(np.full(24, 50.0), e, quantiles, (-500.0, 4000.0)) for e in (errors, errors + 4.0))
    np.testing.assert_allclose(biased.mean - plain.mean, 2.0, atol=0.05)
    np.testing.assert_allclose(biased.quantiles - plain.quantiles, (biased.mean - plain.mean)[:, None] * np.ones(len(QUANTILES)), atol=0.05)


def test_points_too_flat_within_the_day_are_spread_by_most_of_what_surely_lacks():
    """What came lay a quarter farther from its day's mean, day for day; a share that changes sign from day to day is not believed."""
    quantiles = 50 + np.linspace(-20, 20, len(QUANTILES))[None].repeat(24, axis=0)
    shape = 10 * np.sin(np.arange(24) / 24 * 2 * np.pi)
    past = 50 + shape * np.linspace(0.5, 1.5, 45)[:, None]
    apart, limits = past - past.mean(axis=1, keepdims=True), (-500.0, 4000.0)
    plain = published(50 + shape, 0.25 * apart, quantiles, limits)
    spread = published(50 + shape, 0.25 * apart, quantiles, limits, None, past)
    np.testing.assert_allclose(spread.mean - plain.mean, 0.7 * 0.25 * shape, atol=1e-9)
    np.testing.assert_allclose(spread.quantiles - plain.quantiles, (spread.mean - plain.mean)[:, None] * np.ones(len(QUANTILES)), atol=1e-9)
    unsure = 0.25 * apart * np.resize([1.0, -1.0], 45)[:, None]
    np.testing.assert_allclose(spread_shift(50 + shape, past, unsure), 0.0, atol=1e-9)
    np.testing.assert_allclose(spread_shift(50 + shape, past, 9.0 * apart), 0.7 * shape, atol=1e-9, err_msg="once again at most")
    np.testing.assert_array_equal(spread_shift(50 + shape, np.full((45, 24), 50.0), apart), 0.0, err_msg="flat days say nothing")


def test_an_hour_that_spring_skips_and_unknown_errors_leave_the_other_hours_their_spread():
    shape = 10 * np.sin(np.arange(24) / 24 * 2 * np.pi)
    past = np.tile(50 + shape, (45, 1))
    errors, point = 0.25 * shape * np.ones((45, 1)), 50 + shape
    errors[3, 5:9], past[7, 2], point[2] = np.nan, np.nan, np.nan
    moved = spread_shift(point, past, errors)
    assert np.isnan(moved[2])
    np.testing.assert_allclose(np.delete(moved, 2), np.delete(0.175 * (point - np.nanmean(point)), 2), rtol=0.02)


def test_price_limits_belong_to_the_mean():
    quantiles = np.linspace(4000, 6000, len(QUANTILES))[None].repeat(24, axis=0)
    found = published(np.full(24, 5000.0), np.zeros((45, 24)), quantiles, (-500.0, 5000.0))
    assert found.quantiles.max() == 5000.0
    assert (found.mean < 4800).all(), "half of the distribution lies at the limit"


def test_a_second_price_keeps_its_distribution_and_follows_the_day_ahead_price_by_the_published_spread(day):
    info, errors, own, paths, *_ = day
    rows = published_forecast(own, "NORTH", D, "second")
    levels = {quantile_column(q): pl.lit(3.0 * (q - 0.5)) for q in QUANTILES}
    spreads = rows.select("delivery_day", "zone", "delivery_start").with_columns(**levels)
    joint = scenario_paths(info, own, roof(D), errors, spreads)
    first, second = (matrix(joint, kind, "NORTH") for kind in ("day_ahead_price", "second_price"))
    before = matrix(paths, "second_price", "NORTH")
    np.testing.assert_array_equal(np.sort(second, axis=1), np.sort(before, axis=1))
    np.testing.assert_array_equal(first, matrix(paths, "day_ahead_price", "NORTH"))
    # A narrow spread hardly changes the order of the paths, which past errors alone had mixed.
    alike = [np.corrcoef(np.argsort(np.argsort(a)), np.argsort(np.argsort(b)))[0, 1] for a, b in zip(first, second, strict=True)]
    assert min(alike) > 0.95
    assert not np.array_equal(second, before)
