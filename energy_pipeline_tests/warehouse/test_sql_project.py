"""The SQL project: its references, its lineage, and what its models give on real rows."""

from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest
import yaml

from energy_pipeline.contracts import TABLES, table
from energy_pipeline.contracts.derived import QUANTILES, quantile_column
from energy_pipeline.forecasting.scores import pinball, winkler
from energy_pipeline.warehouse.sql_project import CycleError, MissingDescriptionError, SqlProject, SqlProjectError, UnknownReferenceError

ROOT = Path(__file__).resolve().parents[2] / "dbt_like_sql"
SUMMED = ("dispatch", "fleet_output", "plant_output", "plant_results", "pnl", "positions", "prices")
PUBLIC = {
    "asset_legs",
    "asset_states",
    "asset_thresholds",
    "asset_values",
    "bid_curves",
    "block_orders",
    "dispatch_settled",
    "end_values",
    "right_decisions",
    "orders_sent",
    "joint_book",
    "scenario_scores",
    "scenario_sets",
    "service_plans",
    *(
        "prices",
        "price_forecasts",
        "forecast_scores",
        "plant_output",
        "fleet_output",
        "fleet_summary",
        "scenario_summary",
        "dispatch",
        *("signals", "strategy_states", "strategy_trials", "hedge_programme", "view_results"),
        "positions",
    ),
    *("risk_measures", "risk_contributions", "stress_results", "limits", "pnl", "backtest_metrics", "backtest_days", "data_quality", "runs"),
    *("decision_events", "information_set"),
    *(
        "risk_methods",
        "var_backtests",
        "held_hours",
        "expectation_record",
        "performance",
        "performance_days",
        "hedge_proposals",
        *(
            "deals",
            "curve_days",
            *("book_explain", "mark_risk", "mark_contributions", "book_limits", "book_repair", "mark_var_exceptions", "mark_var_backtests"),
            "factor_exposures",
            "mark_to_market",
            "pnl_attribution",
            "limit_breaches",
            "forward_book_proposals",
            "hedge_results",
        ),
    ),
    *("forecast_accuracy", "forecast_comparison", "forecast_value", "forecast_outcomes", "plant_results", "unit_results", "dim_run"),
    *("load_actual", "load_forecast", "generation_actual", "generation_forecast", "fuel_prices", "forward_quotes"),
    *("weather_forecast", "weather_observed", "outages", "plant_meters"),
    *("nomination_lines", "objective_comparison", "objective_scores", "hedge_effectiveness"),
    *("driver_outlook", "feature_statistics", "forecast_tuning", "forecast_diagnostics"),
    *("forecast_models", "forecast_contributions", "forward_curve", "spread_forecasts", "second_price_skill"),
    *(f"{mart}_{span}" for mart in SUMMED for span in ("daily", "monthly")),
}


@pytest.fixture(scope="module")
def project():
    return SqlProject(ROOT)


def build(project, tables):
    """A database with every model built from the given lake frames; absent ones are empty."""
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    for name in TABLES:
        frame = tables.get(name, table(name).frame())
        connection.register(f"arrow_{name}", frame.to_arrow())
        connection.execute(f"create table lake_{name} as select * from arrow_{name}")  # noqa: S608 - our own names
    for name in project.order():
        sql = project.render(name, lambda m: f"m_{m}", lambda t: f"lake_{t}")
        connection.execute(f"create {'view' if project.models[name].kind == 'staging' else 'table'} m_{name} as {sql}")
    return connection


def rows(connection, sql):
    return connection.execute(sql).fetchall()


def failing(project, connection):
    return {n for n in project.tests if rows(connection, project.render(n, lambda m: f"m_{m}", lambda t: f"lake_{t}"))}


def small(tmp_path, **files):
    """A project with one described mart, and the given files beside it."""
    texts = {
        "staging/stg_a.sql": "select zone, used from {{ source('lake', 'limits') }}",
        "marts/a.sql": "{{ config(schema='marts') }} select used as x from {{ ref('stg_a') }}",
        "marts/schema.yml": "models: [{name: a, description: A., columns: [{name: x, description: X.}]}]",
    } | {k.replace("__", "/").replace("_sql", ".sql").replace("_yml", ".yml"): v for k, v in files.items()}
    for name, text in texts.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_the_public_marts_are_there_and_ask_for_their_schema(project):
    assert set(project.marts) == PUBLIC
    assert {m.schema for m in project.marts.values()} == {"marts"}


def test_every_model_comes_after_what_it_reads(project):
    order = project.order()
    assert sorted(order) == sorted(project.models)
    for name in order:
        assert all(order.index(d) < order.index(name) for d in project.models[name].depends_on)
    assert project.sources_of("prices") == ["day_ahead_prices", "second_prices"]


def test_every_staging_view_reads_one_table_with_all_its_columns(project):
    for name, model in project.models.items():
        if model.kind == "staging":
            assert model.sources == (name.removeprefix("stg_"),)
            assert project.columns_of(name) == list(table(model.sources[0]).schema)


def test_source_descriptions_repeat_the_contracts():
    sources = yaml.safe_load((ROOT / "staging" / "_sources.yml").read_text(encoding="utf-8"))["sources"][0]["tables"]
    assert {s["name"]: s["description"] for s in sources} == {s["name"]: table(s["name"]).description for s in sources}


def test_money_prices_and_power_carry_their_unit_in_the_name(project):
    content = yaml.safe_load((ROOT / "marts" / "schema.yml").read_text(encoding="utf-8"))["models"]
    suffix = {"EUR": "_eur", "EUR/MWh": "_eur_mwh", "MW": "_mw", "MWh": "_mwh", "min": "_minutes"}
    units = {(m["name"], c["name"]): c["config"]["meta"]["unit"] for m in content for c in m["columns"] if "config" in c}
    assert len(units) > 60
    assert not [k for k, unit in units.items() if unit in suffix and not k[1].endswith(suffix[unit])]


def test_columns_are_what_duckdb_gives(project):
    connection = build(project, {})
    for name in project.models:
        given = [r[0] for r in rows(connection, f"describe m_{name}")]
        assert given == project.columns_of(name)
        assert set(project.column_lineage(name)) == set(given)


def test_lineage_reaches_the_lake_through_views_and_joins(project):
    prices = project.column_lineage("prices")
    assert prices["price_day_ahead_eur_mwh"] == [("day_ahead_prices", "price_eur_mwh")]
    assert ("second_prices", "price_eur_mwh") in prices["price_intraday_eur_mwh"]
    assert project.column_lineage("dispatch")["revenue_realised_eur"] == [
        ("day_ahead_prices", "price_eur_mwh"),
        ("dispatch", "net_mw"),
        ("dispatch", "resolution_minutes"),
    ]
    for name in project.marts:
        for column, origin in project.column_lineage(name).items():
            assert origin or column == "unit_kind", f"{name}.{column} comes from nowhere"  # that one says which table a row is of
            assert all(c in table(t).schema for t, c in origin)


def test_marts_hold_the_days_numbers(project, made_up_day):
    made = made_up_day()
    connection = build(project, made.tables)
    for name in (
        "price_forecasts",
        "forecast_scores",
        "plant_output",
        "dispatch",
        "signals",
        "positions",
        "risk_measures",
        "pnl",
        "data_quality",
        "runs",
    ):
        assert rows(connection, f"select count(*) from m_{name}")[0][0] == made.tables[name].height  # noqa: S608 - our own names
    assert rows(connection, "select count(*) from m_prices")[0][0] == made.tables["day_ahead_prices"].height
    assert rows(connection, "select distinct zone from m_data_quality order by 1 nulls last") == [("NORTH",), ("SOUTH",), ("WEST",), (None,)]
    assert rows(connection, "select distinct zone from m_scenario_summary") == [("NORTH",)]
    assert rows(connection, "select measure, level, is_exception from m_risk_measures where settled_pnl_eur is not null order by level") == [
        ("var", 0.95, False),
        ("var", 0.99, False),
    ]


def test_scores_by_hour_are_the_forecasting_stages(project, made_up_day):
    made = made_up_day()
    connection = build(project, made.tables)
    by_hour = {
        h: scores
        for h, *scores in rows(
            connection,
            "select hour_utc, pinball_eur_mwh, crps_eur_mwh, winkler_90_eur_mwh from m_forecast_accuracy "
            "where zone = 'SOUTH' and model = 'naive' and horizon_days = 1",
        )
    }
    forecast = made.tables["price_forecasts"].filter(zone="SOUTH", model="naive", price_kind="day_ahead", horizon_days=1)
    both = forecast.join(
        made.tables["day_ahead_prices"].filter(zone="SOUTH").select("delivery_start", came="price_eur_mwh"), on="delivery_start"
    ).sort("delivery_start")
    assert len(by_hour) == both.height > 20
    for row in both.to_dicts():
        came = np.array([row["came"]])
        quantiles = {q: np.array([row[quantile_column(q)]]) for q in QUANTILES}
        loss, interval = pinball(quantiles, came), winkler(quantiles[0.05], quantiles[0.95], came, 0.9)
        assert by_hour[row["delivery_start"].hour] == pytest.approx([loss, 2 * loss, interval], abs=1e-6)


def test_prices_take_the_latest_vintage_and_bring_the_second_price_to_the_auctions_interval(project):
    day = date(2025, 10, 2)
    start = pl.datetime_range(pl.datetime(2025, 10, 2, 4), pl.datetime(2025, 10, 2, 4, 45), "15m", time_zone="UTC", eager=True).to_list()
    common = {"delivery_day": day, "zone": "A", "source": "s"}
    auction = [
        {**common, "delivery_start": start[0], "resolution_minutes": 60, "price_eur_mwh": p, "known_at": start[0] - timedelta(hours=k)}
        for p, k in ((10.0, 20), (12.0, 19))
    ]
    quarters = [
        {**common, "price_kind": "intraday", "delivery_start": s, "resolution_minutes": 15, "price_eur_mwh": p, "known_at": s}
        for s, p in zip(start, (1.0, 2.0, 3.0, 6.0), strict=True)
    ]
    imbalance = [{**q, "price_kind": "imbalance"} for q in quarters[:3]]
    tables = {"day_ahead_prices": table("day_ahead_prices").frame(auction), "second_prices": table("second_prices").frame(quarters + imbalance)}
    wanted = "select price_day_ahead_eur_mwh, price_intraday_eur_mwh, price_imbalance_eur_mwh, known_at_intraday from m_prices"
    (found,) = rows(build(project, tables), wanted)
    assert found[:3] == (12.0, 3.0, None), "the uncovered quarter makes the imbalance price of the hour unknown"
    assert found[3] == start[3]


def test_an_hourly_second_price_serves_each_quarter(project, made_up_day):
    made = made_up_day()
    second = made.tables["second_prices"].filter(pl.col("zone") == "NORTH")[::4].with_columns(pl.lit(60, pl.Int32).alias("resolution_minutes"))
    connection = build(project, made.tables | {"second_prices": second})
    found = rows(connection, "select price_intraday_eur_mwh from m_prices where zone = 'NORTH' order by delivery_start")
    assert [f[0] for f in found] == pytest.approx([p for p in second["price_eur_mwh"].to_list() for _ in range(4)])


def test_an_hourly_meter_stands_beside_each_quarter(project, made_up_day):
    made = made_up_day()
    found = rows(build(project, made.tables), "select sum(metered_mw) / 4 from m_plant_output where plant = 'coast_wind'")
    assert found[0][0] == pytest.approx(made.tables["plant_meters"].filter(pl.col("plant") == "coast_wind")["output_mw"].sum())


def test_singular_tests_pass_on_a_sound_day(project, made_up_day):
    assert not failing(project, build(project, made_up_day().tables))


@pytest.mark.parametrize(
    ("name", "source", "change"),
    [
        ("pnl_legs_add_up", "pnl", pl.col("total_eur") + 0.02),
        ("price_quantiles_are_sorted", "price_forecasts", (pl.col("q95_eur_mwh") + 1).alias("q90_eur_mwh")),
        ("risk_contributions_add_up", "risk_contributions", pl.col("contribution_eur") + 1),
        ("positions_are_within_their_limits", "positions", (pl.col("upper_mw") + 0.1).alias("position_mw")),
        ("index_studies_earn_nothing", "signals", pl.lit(1.0).alias("target_mw")),
        ("index_studies_earn_nothing", "backtest_metrics", pl.lit(1.0).alias("sharpe")),
        ("good_results_are_explained", "backtest_metrics", pl.when(pl.col("label") == "tradable").then(3.1).alias("sharpe")),
        ("dispatch_net_is_discharge_less_charge", "dispatch", pl.col("net_mw") + 1),
    ],
)
def test_each_singular_test_can_fail(project, made_up_day, name, source, change):
    tables = made_up_day().tables
    broken = tables | {source: tables[source].with_columns(change)}
    assert failing(project, build(project, broken)) == {name}


def test_one_price_per_interval_can_fail(project, made_up_day):
    connection = build(project, made_up_day().tables)
    connection.execute("insert into m_prices select * from m_prices limit 1")
    assert failing(project, connection) == {"one_price_per_zone_and_interval"}


def test_unknown_references_are_all_named(tmp_path):
    small(tmp_path, marts__b_sql="select 1 as x from {{ ref('nowhere') }}", tests__t_sql="select 1 from {{ source('lake', 'nothing') }}")
    with pytest.raises(UnknownReferenceError) as error:
        SqlProject(tmp_path)
    assert len(error.value.problems) == 2
    assert "nowhere" in str(error.value)
    assert "nothing" in str(error.value)


def test_a_cycle_is_told(tmp_path):
    small(tmp_path, staging__stg_a_sql="select x from {{ ref('a') }}")
    with pytest.raises(CycleError, match="a, stg_a"):
        SqlProject(tmp_path)


def test_missing_and_surplus_descriptions_are_told(tmp_path):
    small(tmp_path, marts__a_sql="select used as x, used as y from {{ ref('stg_a') }}", marts__b_sql="select used as x from {{ ref('a') }}")
    (tmp_path / "marts" / "schema.yml").write_text(
        "models: [{name: a, description: A., columns: [{name: x, description: X.}, {name: z, description: Z.}]}]"
    )
    with pytest.raises(MissingDescriptionError) as error:
        SqlProject(tmp_path)
    assert [p.split(":")[0] for p in error.value.problems] == ["a.y", "a.z", "b", "b.x"]


def test_other_jinja_is_refused(tmp_path):
    small(tmp_path, marts__a_sql="select used as x from {{ var('table') }}")
    with pytest.raises(SqlProjectError, match="ref, source and config only"):
        SqlProject(tmp_path)


def test_no_sql_is_an_error(tmp_path):
    with pytest.raises(SqlProjectError, match="no marts"):
        SqlProject(tmp_path)
