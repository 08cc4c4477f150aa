"""Factors, marks, attribution, breaches and repriced options of a day: sums, closed forms, no look-ahead."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.book.history import book_history
from energy_pipeline.book.ledger import open_deals
from energy_pipeline.book.outlook import zone_outlooks
from energy_pipeline.book.valued import valued
from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.desk.risk import NO_STRESS, FactorFile, Stress
from energy_pipeline.domain.blocks import profile
from energy_pipeline.domain.errors import DeskError, MissingDayError, SourceError
from energy_pipeline.information.archive import Archive
from energy_pipeline.portfolio.term_curve import curve_days
from energy_pipeline.risk import MoreInputs, assess, limit_breaches, pnl_attribution
from energy_pipeline.risk.attribution import MarkError
from energy_pipeline.risk.day_factors import energy_moves, usable
from energy_pipeline.risk.exposures import factor_exposures
from energy_pipeline.risk.factor_file import checked_factors, known_moves
from energy_pipeline.risk.marks import mark_to_market
from energy_pipeline.risk.option_stress import OptionBook
from energy_pipeline_tests.portfolio.small_desk import AUTUMN_QUARTERS, PLAIN, SPRING, Day, desk_of
from energy_pipeline_tests.portfolio.test_settle import Came
from energy_pipeline_tests.risk.test_what_if import errors_of

RIGHTS = {
    "swing": {"kind": "swing", "zone": "NORTH", "days": 3, "daily_max_mwh": 24, "total_max_mwh": 72, "strike_eur_mwh": 50},
    "load": {"kind": "curtailable", "zone": "SOUTH", "days": 3, "power_mw": 5, "hours": 4, "strike_eur_mwh": 60, "calls_left": 2},
    "plant": {"kind": "tolling", "zone": "NORTH", "power_mw": 50, "heat_rate": 2.0},
    "switch": {"kind": "renewable", "zone": "NORTH", "plant": "wind", "certificate_eur_mwh": 6.0, "variable_cost_eur_mwh": 1.0},
}


def curve_of(day, decided=None, level=0.0):
    """A forward curve of three days around the level of the day's prices, as decided for `decided`."""
    decided, frames = decided or day.day, [table("forward_curve").frame()]
    for zone in day.desk.zones:
        for lead in range(3):
            target = decided + timedelta(days=lead)
            delivery, minutes = day.desk.delivery_day(target), day.desk.zones[zone].resolution_minutes(target)
            starts = pl.Series(delivery.interval_starts_us(minutes)).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
            size = starts.len()
            price = day.price_level + level + 2 * lead + 10 * np.sin(np.linspace(0, 2 * np.pi, size))
            data = {"delivery_day": [decided] * size, "target_day": [target] * size, "zone": [zone] * size, "delivery_start": starts}
            data |= {"resolution_minutes": [minutes] * size, "price_eur_mwh": price, "forecast_eur_mwh": price}
            frames.append(table("forward_curve").frame({**data, "basis": ["quotes"] * size, "contracts": ["base"] * size}))
    return pl.concat(frames)


# -- factors ---------------------------------------------------------------------------------------


def history_of(day, errors):
    held = valued(day.desk, day.delivery, day.decide().positions, day.scenarios, day.plant_output, day.dispatch)
    return book_history(held.fair, held.outlooks, errors)


def test_exposures_add_up_to_the_volatility_of_the_past_losses():
    day = Day()
    errors = errors_of(day)
    history = history_of(day, errors)
    found = enforce(table("factor_exposures"), factor_exposures(day.info, history, errors), day.day)
    assert set(found["scope"]) == {"book", "NORTH", "SOUTH"}
    named = found.filter(pl.col("scope") == "book", pl.col("factor_kind") == "named")
    weights = 0.98 ** np.arange(len(history.days) - 1, -1, -1)
    weights /= weights.sum()
    sigma = np.sqrt(weights @ (history.book - weights @ history.book) ** 2)
    for kind in ("named", "component"):
        part = found.filter(pl.col("scope") == "book", pl.col("factor_kind") == kind)
        assert part["contribution_eur"].sum() == pytest.approx(sigma, rel=1e-9)
        assert part["share_of_variance"].sum() == pytest.approx(1)
    assert {"hub", "shape", "basis SOUTH", "spread NORTH", "volatility", "idiosyncratic"} == set(named["factor"])
    assert "not known: wind, solar, load" in named.filter(pl.col("factor") == "idiosyncratic")["note"][0]


def test_a_book_that_is_ten_megawatts_has_its_exposure():
    """P&L of a flat long position is its hours times the hub's error: that, and nothing else, must be found."""
    day = Day()
    errors = errors_of(day)
    hub = energy_moves(day.info, errors, errors[0].days)["hub"][1]
    history = replace(history_of(day, errors), by_zone={"NORTH": -240.0 * (hub - hub.mean())})
    found = factor_exposures(day.info, history, errors).filter(pl.col("factor_kind") == "named")
    by = {r["factor"]: r for r in found.to_dicts()}
    assert by["hub"]["exposure_eur"] == pytest.approx(240.0)
    assert by["hub"]["exposure_earlier_eur"] == pytest.approx(240.0)
    assert by["hub"]["share_of_variance"] == pytest.approx(1.0)
    assert by["shape"]["exposure_eur"] == pytest.approx(0.0, abs=1e-6)
    assert by["idiosyncratic"]["contribution_eur"] == pytest.approx(0.0, abs=1e-6)


def test_factors_that_cannot_be_used_are_left_out_with_the_reason():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 40))
    moves = {"a": ("1", a), "still": ("1", np.ones(40)), "twice a": ("1", 2 * a + 1), "gaps": ("1", np.where(np.arange(40) < 20, np.nan, b))}
    moves |= {"b": ("1", np.where(np.arange(40) == 7, np.nan, b))}
    found = usable(moves, 40)
    assert found.names == ("a", "b")
    assert found.left_out == "does not move: still; repeats others: twice a; not known: gaps"
    assert found.moves.shape == (39, 2)
    assert usable({n: ("1", rng.normal(size=7)) for n in "abc"}, 7).left_out == "too few days: c"


def test_outcomes_and_settlements_known_after_the_decision_move_no_factor():
    day = Day()
    errors, zone = errors_of(day), "NORTH"
    starts = [t for n in range(61) for t in day.desk.delivery_day(day.day - timedelta(days=61 - n)).interval_starts_us(60).tolist()]
    rng = np.random.default_rng(2)

    def rows(name, values, known, **key):
        at = pl.Series(starts).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        days = at.dt.convert_time_zone("Europe/Berlin").dt.date()
        data = {"delivery_day": days, "delivery_start": at, "resolution_minutes": 60, "known_at": known(at), "source": "test", **values, **key}
        size = len(starts)
        return table(name).frame({c: (v if isinstance(v := data.get(c), pl.Series | np.ndarray) else [v] * size) for c in table(name).schema})

    def info(poison):
        load = rows("load_actual", {"load_mw": 50_000 + 2_000 * rng_load}, lambda at: at + timedelta(hours=2), zone=zone)
        forecast = rows("load_forecast", {"load_mw": np.full(len(starts), 50_000.0)}, lambda at: at - timedelta(hours=36), zone=zone)
        if poison:
            late = load.with_columns(known_at=pl.lit(day.desk.decision_time(day.day)) + timedelta(minutes=1), load_mw=pl.col("load_mw") + 9_000)
            load = pl.concat([load, late.cast(load.schema)])
        fuel = [
            {"delivery_day": day.day - timedelta(days=n), "commodity": "gas", "price": 30.0 + n % 5, "unit": "EUR/MWh", "source": "test",
             "known_at": datetime(day.day.year, day.day.month, day.day.day, 17, tzinfo=UTC) - timedelta(days=n)}
            for n in range(1 - poison, 90)
        ]  # fmt: skip
        frames = {"forward_quotes": day.quotes, "load_actual": load, "load_forecast": forecast, "fuel_prices": table("fuel_prices").frame(fuel)}
        return Archive(day.desk, frames).at(day.day)

    rng_load = rng.normal(size=len(starts))
    days = errors[0].days
    clean, dirty = (energy_moves(info(poison), errors, days) for poison in (False, True))
    assert clean.keys() == dirty.keys()
    for name in clean:
        np.testing.assert_array_equal(clean[name][1], dirty[name][1])
    expected = 2.0 * rng_load.reshape(-1, 24)[:60].mean(axis=1)
    inside = np.isfinite(clean["load"][1])
    np.testing.assert_allclose(clean["load"][1][inside], expected[: len(days)][inside], rtol=1e-9)
    assert inside.all()
    assert np.isfinite(clean["gas"][1]).mean() > 0.9
    assert usable(clean, len(days)).names[-3:] == ("load", "gas", "volatility")


FILE = FactorFile(path="factors.csv", factors={"brent": "USD/bbl"})


def factor_frame(days, late=()):
    noon = [datetime(d.year, d.month, d.day, 12, tzinfo=UTC) for d in days]
    rows = {"date": list(days), "known_at": noon, "brent": [float(i % 7) - 3.0 for i in range(len(days))]}
    return pl.concat([pl.DataFrame(rows, schema_overrides={"known_at": pl.Datetime("us", "UTC")}), *late])


def test_the_desks_factor_file_is_cut_at_the_decision():
    day = Day(desk=desk_of(risk={"factors": {"file": FILE.model_dump()}}))
    errors = errors_of(day)
    history = history_of(day, errors)
    good = checked_factors(factor_frame(errors[0].days), FILE)
    late = good.with_columns(known_at=pl.lit(day.info.decision_time) + timedelta(seconds=1), brent=pl.col("brent") + 5.0).cast(good.schema)
    found = factor_exposures(day.info, history, errors, good)
    assert found.equals(factor_exposures(day.info, history, errors, checked_factors(pl.concat([good, late]), FILE)))
    own = found.filter(pl.col("factor_kind") == "file", pl.col("scope") == "book")
    assert own["factor"].to_list() == ["brent", "idiosyncratic"]
    moves = known_moves(good, FILE, errors[0].days, day.info.decision_time)["brent"]
    assert moves[0] == "USD/bbl"
    assert np.isfinite(moves[1]).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f.drop("brent"), "no column brent"),
        (lambda f: f.with_columns(brent=pl.lit("many")), "values of factor brent are no numbers: .*row 1, column 'brent': 'many'"),
        (lambda f: f.with_columns(known_at=pl.col("known_at").dt.replace_time_zone(None)), "instant with a time zone"),
        (lambda f: f.with_columns(date=pl.lit("1st of May")), "cannot be read as a date"),
        (lambda f: f.with_columns(date=pl.lit("03/01/2024")), "day first or month first"),
        (lambda f: f.with_columns(known_at=pl.lit("2024-03-01 18:00")), "instant with a time zone"),
        (lambda f: f.with_columns(brent=pl.lit("1.234")), "1.234 or 1234"),
        (lambda f: pl.concat([f, f[:1]]), "published twice"),
    ],
)
def test_a_bad_factor_file_is_refused(change, words):
    days = errors_of(Day())[0].days
    with pytest.raises(SourceError, match=words):
        checked_factors(change(factor_frame(days)), FILE)
    as_text = factor_frame(days).with_columns(pl.col("date").cast(pl.String), pl.col("known_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert checked_factors(as_text, FILE).equals(checked_factors(factor_frame(days), FILE))


def test_a_factor_cannot_be_called_date():
    with pytest.raises(DeskError, match="date cannot be the name of a factor"):
        desk_of(risk={"factors": {"file": {"path": "x.csv", "factors": {"date": "1"}}}})


def test_a_factor_that_began_to_move_late_has_no_earlier_exposure():
    rng = np.random.default_rng(8)
    late = np.where(np.arange(60) < 30, 0.0, rng.normal(size=60))
    day = Day(desk=desk_of(risk={"factors": {"components": 0, "file": {"path": "x.csv", "factors": {"late": "1"}}}}))
    errors = errors_of(day)
    history = replace(history_of(day, errors), by_zone={"NORTH": -7.0 * late})
    frame = factor_frame(errors[0].days).rename({"brent": "late"}).with_columns(late=pl.Series(late))
    found = factor_exposures(day.info, history, errors, checked_factors(frame, FactorFile(path="x.csv", factors={"late": "1"})))
    own = found.filter(pl.col("factor_kind") == "file", pl.col("factor") == "late").row(0, named=True)
    assert own["exposure_eur"] == pytest.approx(7.0)
    assert own["exposure_earlier_eur"] is None


def test_limits_on_factors_are_watched():
    shares, exposures = {"hub": 1.0, "shape": 0.0, "gas": 0.5}, {"hub": 1.0, "shape": 1e9}
    limits = {"day_ahead_deviation_mw": {"NORTH": 8}, "factor_share": shares, "factor_exposure_eur": exposures}
    day = Day(desk=desk_of(limits=limits))
    tables = assess(day.info, day.decide(), day.scenarios, day.plant_output, day.dispatch, errors_of(day))
    found = enforce(table("limits"), tables.limits, day.day)
    by = {(r["limit_name"], r["scope"]): r for r in found.to_dicts()}
    book = {r["factor"]: r for r in tables.exposures.filter(pl.col("scope") == "book", pl.col("factor_kind") == "named").to_dicts()}
    for name, bound in (("hub", 1.0), ("shape", 0.0)):
        share = max(book[name]["share_of_variance"], 0.0)
        assert by["factor_share", name]["used"] == pytest.approx(share)
        assert by["factor_share", name]["status"] == ("red" if share > bound else "green")
    assert by["factor_exposure_eur", "hub"]["used"] == pytest.approx(abs(book["hub"]["exposure_eur"]))
    assert by["factor_exposure_eur", "hub"]["unit"] == "EUR per EUR/MWh"
    assert by["factor_exposure_eur", "shape"]["status"] == "green"
    assert ("factor_share", "gas") not in by, "no settlement of gas is known: not measured"
    with pytest.raises(DeskError, match=r"limits\.factor_share\.hubb: no such factor; factors: hub, shape, basis NORTH"):
        desk_of(limits={"factor_share": {"hubb": 0.5}})


# -- marks and attribution -------------------------------------------------------------------------


def marks_of(day, curve):
    deals = open_deals(day.desk, day.day, day.info.decision_time)
    return mark_to_market(day.desk, day.delivery, deals, curve_days(day.info, curve, deals))


@pytest.mark.parametrize("on", [PLAIN, SPRING, AUTUMN_QUARTERS])
def test_marks_inside_the_week_are_energy_times_the_curve_less_the_entry(on):
    day = Day(day=on)
    curve = curve_of(day)
    found = enforce(table("mark_to_market"), marks_of(day, curve), on)
    assert found["target_day"].to_list()[:3] == [on + timedelta(days=n) for n in range(3)]
    assert found["last_day"].max() == day.desk.opening_book[0].last_day
    for row in found.head(3).to_dicts():
        part = curve.filter(pl.col("zone") == "NORTH", pl.col("target_day") == row["target_day"])
        hours = part["resolution_minutes"] / 60
        assert row["energy_mwh"] == pytest.approx(-10.0 * hours.sum())
        assert row["value_eur"] == pytest.approx(float((-10.0 * hours * (part["price_eur_mwh"] - 70.0)).sum()))


def explained(day, came, first=None, shift=3.0, values=None):
    before = day.day - timedelta(days=1)
    settled = came.final()
    old, new = curve_of(day, before), curve_of(day, level=shift)
    tables = (pl.concat([old, new]), values if values is not None else table("asset_values").frame(), table("price_forecasts").frame())
    positions = came.book.positions
    return (
        settled,
        positions,
        enforce(
            table("pnl_attribution"), pnl_attribution(day.desk, day.day, settled, settled if first is None else first, positions, *tables), day.day
        ),
    )


@pytest.mark.parametrize("on", [PLAIN, SPRING, AUTUMN_QUARTERS])
def test_the_delivered_day_is_explained_to_the_cent(on):
    day = Day(day=on, peak_is_proxy=False, seed=7)
    settled, positions, found = explained(day, Came(day))
    own = found.filter(pl.col("part") == "delivered")
    book = {r["leg"]: r["value_eur"] for r in own.filter(pl.col("scope") == "book").to_dicts()}
    assert abs(book["unexplained"]) < 1e-6
    # from first principles: expected output and opening contracts at the curve, against the settled total
    curve, mark = curve_of(day, level=3.0), 0.0
    for zone in day.desk.zones:
        price = curve.filter(pl.col("zone") == zone, pl.col("target_day") == on)["price_eur_mwh"].to_numpy()
        rows, hours = settled.filter(pl.col("zone") == zone).sort("delivery_start"), day.minutes(zone) / 60
        mark += float(hours * price @ rows["expected_output_mw"].to_numpy())
        if zone == "NORTH":
            mark += float(hours * (profile("base", day.delivery, day.minutes(zone)) * -10.0) @ (price - 70.0))
    assert book["change"] == pytest.approx(settled["total_eur"].sum() - mark, abs=1e-6)
    for leg in ("deviation", "speculative", "imbalance_fee", "costs"):
        assert book.get(leg, 0.0) == pytest.approx(settled[f"{leg}_eur"].sum(), abs=1e-9)
    north = {r["leg"]: r["value_eur"] for r in own.filter(pl.col("scope") == "NORTH").to_dicts()}
    south = {r["leg"]: r["value_eur"] for r in own.filter(pl.col("scope") == "SOUTH").to_dicts()}
    for leg, value in book.items():
        assert value == pytest.approx(north.get(leg, 0.0) + south.get(leg, 0.0), abs=1e-6)
    traded = positions.filter(pl.col("instrument") != "day_ahead", pl.col("traded_mw") != 0)
    assert ("new_deals" in book) == (traded.height > 0)


def test_what_a_rejected_step_saved_is_a_leg_of_the_mark_it_was_decided_on():
    """Decided to give E, marked at F E; rejected at negative prices: the whole of E moved with the price, and - P r was saved."""
    right = {"kind": "renewable", "zone": "NORTH", "plant": "wind", "certificate_eur_mwh": 4, "meter": "available"}
    day = Day(desk=desk_of(rights={"off": right}), price_level=-60.0, peak_is_proxy=False)
    settled, positions, found = explained(day, Came(day))
    north = {r["leg"]: r["value_eur"] for r in found.filter(pl.col("part") == "delivered", pl.col("scope") == "NORTH").to_dicts()}
    rows = settled.filter(pl.col("zone") == "NORTH").sort("delivery_start")
    decided = positions.filter(zone="NORTH", instrument="day_ahead").sort("delivery_start")["expected_output_mw"].to_numpy()
    price, rejected = rows["price_da_eur_mwh"].to_numpy(), decided - rows["expected_output_mw"].to_numpy()
    assert rejected.max() > 5.0
    assert north["rejected"] == pytest.approx(-float(price @ rejected))
    assert north["rejected"] > 0.0
    curve = curve_of(day, level=3.0).filter(pl.col("zone") == "NORTH", pl.col("target_day") == day.day)["price_eur_mwh"].to_numpy()
    assert north["change"] == pytest.approx(rows["total_eur"].sum() - float(curve @ decided) - float(-10.0 * (curve - 70.0).sum()))
    assert north["unexplained"] == pytest.approx(0.0, abs=1e-6)


def test_options_are_split_by_their_sensitivities():
    day = Day()
    common = {"zone": "NORTH", "information": "sequential", "horizon_days": 3, "standard_error_eur": 3.0, "intrinsic_eur": 0.0}
    common |= {"asset": "store", "kind": "swing", "foresight_eur": 0.0, "earnings_at_risk_eur": 0.0, "npv_eur": 0.0, "shipped": "policy"}
    greeks = {"delta_base_mwh": 2.0, "delta_peak_mwh": 0.0, "gamma_mwh2_eur": 0.5, "vega_eur_pct": None}
    before = {"delivery_day": day.day - timedelta(days=1), "value_eur": 100.0}
    values = table("asset_values").frame([{**before, **common, **greeks}, {"delivery_day": day.day, "value_eur": 140.0, **common, **greeks}])
    _, _, found = explained(day, Came(day), shift=6.0, values=values)  # the days both reach were 2 dearer on the older curve
    own = {r["leg"]: r for r in found.filter(pl.col("part") == "options", pl.col("scope") == "store").to_dicts()}
    assert own["change"]["value_eur"] == pytest.approx(40.0)
    assert own["delta"]["value_eur"] == pytest.approx(8.0)
    assert own["gamma"]["value_eur"] == pytest.approx(4.0)
    assert own["time"]["value_eur"] == pytest.approx(28.0)
    assert own["time"]["note"] == "with a sampling error of 4 EUR"
    today = explained(day, Came(day), values=values.with_columns(horizon_days=pl.lit(1, pl.Int64)))[2]
    legs = today.filter(pl.col("part") == "options", pl.col("scope") == "store").select("leg", "value_eur").rows()
    assert dict(legs) == pytest.approx({"gone_deals": -100.0, "new_deals": 140.0, "change": 40.0, "unexplained": 0.0})


def test_later_vintages_are_told_leg_by_leg():
    day = Day()
    settled = Came(day).final()
    first = settled.with_columns(
        physical_eur=pl.col("physical_eur") - 1.0, total_eur=pl.col("total_eur") - 1.0, headline_eur=pl.col("headline_eur") - 1.0
    )
    _, _, found = explained(day, Came(day), first=first)
    own = found.filter(pl.col("part") == "restated", pl.col("scope") == "book")
    assert dict(zip(own["leg"], own["value_eur"], strict=True)) == pytest.approx({"physical": 48.0, "change": 48.0, "unexplained": 0.0})
    assert explained(day, Came(day))[2].filter(pl.col("part") == "restated").height == 0


def test_a_settlement_of_another_book_is_refused():
    day = Day()
    came = Came(day)
    settled, positions, _ = explained(day, came)
    wrong = settled.with_columns(total_eur=pl.col("total_eur") + 1.0)
    rest = (curve_of(day), *(table(n).frame() for n in ("asset_values", "price_forecasts")))
    with pytest.raises(MarkError, match=r"unexplained delivered NORTH 24\.00 EUR"):
        pnl_attribution(day.desk, day.day, wrong, wrong, positions, *rest)
    with pytest.raises(MissingDayError, match="forward_curve"):
        pnl_attribution(day.desk, day.day, settled, settled, positions, rest[0].filter(pl.col("zone") == "SOUTH"), *rest[1:])


# -- breaches --------------------------------------------------------------------------------------


def test_breaches_are_runs_of_red_days():
    lights = {1: "red", 2: "red", 4: "red", 5: "amber", 6: "red", 7: "green", 8: "red"}
    shares = {1: 1.1, 2: 1.4, 4: 1.2, 5: 0.9, 6: 1.05, 7: 0.2, 8: 2.0}
    rows = [
        {"delivery_day": date(2025, 3, d), "limit_name": "es_eur", "scope": "book", "unit": "EUR", "used": 100 * shares[d], "bound": 100.0,
         "use_share": shares[d], "status": light}
        for d, light in lights.items()
    ]  # fmt: skip
    limits = table("limits").frame([*rows, *({**r, "limit_name": "margin_eur", "status": "green"} for r in rows)])
    found = enforce(table("limit_breaches"), limit_breaches(date(2025, 3, 8), limits), date(2025, 3, 8))
    told = [(r["first_day"].day, r["last_day"].day, r["days"], r["worst_day"].day, r["worst_use_share"], r["is_cleared"]) for r in found.to_dicts()]
    assert told == [(1, 4, 3, 2, 1.4, True), (6, 6, 1, 6, 1.05, True), (8, 8, 1, 8, 2.0, False)]
    assert limit_breaches(date(2025, 3, 4), limits)["is_cleared"].to_list() == [False]


# -- stresses repriced -----------------------------------------------------------------------------


def options_of(day):
    outlooks = zone_outlooks(day.desk, day.delivery, list(day.desk.zones), day.scenarios, day.plant_output, day.dispatch)
    fuel = [
        {
            "delivery_day": day.day - timedelta(days=3),
            "commodity": n,
            "price": p,
            "unit": u,
            "source": "test",
            "known_at": datetime(2024, 1, 1, tzinfo=UTC),
        }
        for n, p, u in (("gas", 20.0, "EUR/MWh"), ("carbon", 0.0, "EUR/t"))
    ]
    info = Archive(day.desk, {"forward_quotes": day.quotes, "fuel_prices": table("fuel_prices").frame(fuel)}).at(day.day)
    return info, outlooks, OptionBook(info, outlooks, curve_of(day))


def test_options_are_repriced_as_by_hand():
    day = Day(desk=desk_of(rights=RIGHTS))
    _, outlooks, book = options_of(day)
    north, south = (outlooks[z].price.mean(axis=0) for z in ("NORTH", "SOUTH"))
    curve = curve_of(day).filter(pl.col("zone") == "NORTH", pl.col("target_day") > day.day).group_by("target_day").agg(pl.col("price_eur_mwh").mean())
    for shift, fuel in ((0.0, 1.0), (40.0, 1.5), (-80.0, 0.5)):
        stress = Stress(name="s", description="", day_ahead_shift_eur_mwh=shift, fuel_factor=fuel, wind_factor=1.2)
        saved = np.maximum(1.0 - 6.0 - (north + shift), 0.0) @ (1.2 * day.expected("wind"))
        assert book.value_eur("switch", stress) == pytest.approx(saved)
        assert (saved > 0.0) == (shift == -80.0)
        plant = 50.0 * np.maximum(north + shift - 2.0 * 20.0 * fuel, 0.0).sum()  # no start cost, no minimum: every hour for itself
        assert book.value_eur("plant", stress) == pytest.approx(plant)
        later = np.maximum(curve["price_eur_mwh"].to_numpy() - 50.0, 0.0).sum()
        assert book.value_eur("swing", stress) == pytest.approx(24.0 * (max(north.mean() + shift - 50.0, 0.0) + later))
        dearest = np.sort(south + shift)[-4:].mean()
        days = [
            dearest,
            *(
                np.sort(p["price_eur_mwh"].to_numpy())[-4:].mean()
                for p in curve_of(day).filter(pl.col("zone") == "SOUTH", pl.col("target_day") > day.day).partition_by("target_day")
            ),
        ]
        called = np.sort(np.maximum(np.array(days) - 60.0, 0.0))[-2:].sum()
        assert book.value_eur("load", stress) == pytest.approx(20.0 * called)
    assert book.change_eur((NO_STRESS,)) == pytest.approx(0.0)


def test_stresses_come_worst_first_after_repricing():
    day = Day(desk=desk_of(rights=RIGHTS, risk={"standard_stresses": True}))
    info = options_of(day)[0]
    tables = assess(info, day.decide(), day.scenarios, day.plant_output, day.dispatch, errors_of(day), MoreInputs(curve_of(day), day.signals))
    stress = enforce(table("stress_results"), tables.stress, day.day)
    whole = stress["change_eur"] + stress["redispatch_eur"].fill_null(0.0) + stress["options_eur"].fill_null(0.0)
    assert (whole - stress["repriced_change_eur"]).abs().max() < 1e-9
    assert tables.stress["repriced_change_eur"].is_sorted()
    spike = stress.filter(pl.col("stress") == "scarcity").row(0, named=True)
    assert spike["options_eur"] > 50 * 24 * 900, "a plant on call gains from a spike"
    plain = assess(info, day.decide(), day.scenarios, day.plant_output, day.dispatch)
    assert plain.stress["options_eur"].null_count() == plain.stress.height


def test_contributions_by_named_strategy_incremental_and_marginal():
    day = Day()
    book = day.decide()
    tables = assess(day.info, book, day.scenarios, day.plant_output, day.dispatch, (), MoreInputs(signals=day.signals))
    es = enforce(table("risk_contributions"), tables.contributions, day.day).filter(pl.col("measure") == "es", pl.col("level") == 0.975)
    named = es.filter(pl.col("component_kind") == "named_strategy")
    assert set(named["component"]) == {"spread", "the rest of the book"}
    speculative = es.filter(pl.col("component_kind") == "leg", pl.col("component") == "speculative")
    spread = named.filter(pl.col("component") == "spread")
    for column in ("contribution_eur", "incremental_eur"):
        assert spread[column][0] == pytest.approx(speculative[column][0])
    contract = es.filter(pl.col("component_kind") == "contract", pl.col("component") == "NORTH base").row(0, named=True)
    held = book.positions.filter(pl.col("zone") == "NORTH", pl.col("instrument") == "base")["position_mw"][0]
    assert contract["marginal_eur_mw"] * held == pytest.approx(contract["contribution_eur"])
    assert es.filter(pl.col("component_kind") == "zone")["marginal_eur_mw"].null_count() == 2


def test_a_copy_of_the_options_with_other_prices_is_valued_anew():
    _, outlooks, book = options_of(Day(desk=desk_of(rights=RIGHTS)))
    before = book.value_eur("plant", NO_STRESS)
    dear = {zone: replace(outlook, price=outlook.price + 40.0) for zone, outlook in outlooks.items()}
    copy = replace(book, outlooks=dear)
    assert copy.value_eur("plant", NO_STRESS) == OptionBook(book.info, dear, book.forward_curve).value_eur("plant", NO_STRESS) > before
