"""The star: dimensions hold every key, facts join them once, and twelve saved questions give the same from warehouse and Parquet."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zipfile import ZipFile

import duckdb
import pandas as pd
import polars as pl
import pytest
import sqlalchemy

from energy_pipeline.contracts import TABLES, table
from energy_pipeline.contracts.dimensions import DIMENSIONS
from energy_pipeline.domain.blocks import profile
from energy_pipeline.lake import Lake
from energy_pipeline.warehouse import publishing as warehouse
from energy_pipeline.warehouse.dimensions import Dimensions
from energy_pipeline.warehouse.duck import connect
from energy_pipeline.warehouse.export import ExportError, export
from energy_pipeline.warehouse.sql_project import SqlProject
from energy_pipeline_tests.contracts.legal_frames import legal_rows
from energy_pipeline_tests.made_up_day import MadeUpDay
from energy_pipeline_tests.warehouse.test_storage_version import installed

ROOT = Path(__file__).resolve().parents[2] / "dbt_like_sql"
DAYS = (date(2025, 10, 25), date(2025, 10, 26))
"""A day before the clocks go back, and the day of 25 hours; the first one's second lead is the second day."""
ANALYSES = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "analyses").glob("*.sql")}
QUESTIONS = (
    *("monthly_pnl_by_zone", "mae_by_local_hour", "var_exceptions", "battery_revenue_per_cycle", "hedge_ratio_by_tenor"),
    *("coverage_by_hour", "limit_use", "capture_price_by_plant", "cost_of_imbalance", "strategy_net_by_month", "states_of_strategies"),
    "programme_and_views",
)


class Published:
    """Two made-up days, a raw table, their warehouse, and its Parquet export."""

    def __init__(self, root):
        self.made = [MadeUpDay(day) for day in DAYS]
        self.desk = self.made[0].desk
        self.lake, self.live, self.parquet = Lake(root / "lake"), root / "warehouse.duckdb", root / "parquet"
        for made in self.made:
            for name, frame in made.tables.items():
                for (day,), part in frame.partition_by("delivery_day", as_dict=True).items():
                    (self.lake.add_vintage if TABLES[name].vintages else self.lake.write_day)(name, day, part)
        row = {"delivery_day": DAYS[0], "zone": "NORTH", "delivery_start": datetime(2025, 10, 25, tzinfo=UTC), "load_mw": 41_000.0}
        self.lake.add_vintage("load_actual", DAYS[0], table("load_actual").frame(legal_rows(table("load_actual"), [row])))
        self.project, self.opened = SqlProject(ROOT), ExitStack()
        for day in DAYS:
            self.publish([day])
        export(self.live, self.parquet, "parquet")

    def publish(self, days, desk=None):
        self.reader = None
        self.opened.close()
        return warehouse.publish(self.lake, self.live, ROOT, days, project=self.project, desk=desk or self.desk)

    def rows(self, sql):
        if self.reader is None:
            self.opened = ExitStack()
            self.reader = self.opened.enter_context(connect(self.live))
        return self.reader.execute(sql).fetchall()

    def frame(self, name):
        return pl.concat([made.tables[name] for made in self.made])

    def of_parquet(self, sql):
        """The same question to the exported files."""
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'; CREATE SCHEMA marts")
            for path in sorted(self.parquet.glob("*.parquet")):
                connection.execute(f"CREATE VIEW marts.{path.stem} AS SELECT * FROM read_parquet('{path}')")  # noqa: S608 - our own names
            return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def star(tmp_path_factory):
    return Published(tmp_path_factory.mktemp("star"))


def calendar(star, frame):
    """A fact beside the hour on the wall, worked out by polars."""
    local = pl.col("delivery_start").dt.convert_time_zone("Europe/Berlin")
    return frame.with_columns(local_hour=local.dt.hour().cast(pl.Int64), month=pl.col("delivery_day").dt.truncate("1mo"))


def outcomes(star):
    prices = star.frame("day_ahead_prices").select("zone", "delivery_start", "resolution_minutes", came="price_eur_mwh")
    day_ahead = star.frame("price_forecasts").filter(price_kind="day_ahead").with_columns(delivery_day="target_day")
    both = day_ahead.join(prices, on=["zone", "delivery_start", "resolution_minutes"])
    return calendar(star, both.with_columns(error=pl.col("price_eur_mwh") - pl.col("came")))


def monthly_pnl_by_zone(star):
    frame = calendar(star, star.frame("pnl")).group_by("month", "zone").agg(pl.lit(2), pl.sum("headline_eur"), pl.sum("total_eur"))
    return frame.sort("month", "zone").rows()


def mae_by_local_hour(star):
    key = ["zone", "model", "horizon_days", "local_hour"]
    return outcomes(star).group_by(key).agg(pl.len(), pl.col("error").abs().mean().alias("mae"), pl.col("error").mean()).sort(key).rows()


def var_exceptions(star):
    return star.frame("var_exceptions").filter("is_exception").sort("delivery_day", "level").select(
        "delivery_day", "level", "expected_pnl_eur", "pnl_eur", "var_eur", "cause", "cause_eur"
    ).rows()  # fmt: skip


def battery_revenue_per_cycle(star):
    return [("north_battery", 2 * 1_720.0, 2 * 37.2 / 40.0, 1_720.0 / (37.2 / 40.0))]


def hedge_ratio_by_tenor(star):
    frame = star.frame("positions").with_columns(
        hours=pl.col("resolution_minutes") / 60, month=pl.lit(date(2025, 10, 1)), is_peak=pl.lit(False)  # Saturday and Sunday
    )  # fmt: skip
    contract = pl.col("instrument") != "day_ahead"
    energy = pl.col("hours") * pl.col("position_mw")
    sold = (-energy.filter(contract).sum()).alias("sold")
    expected = (pl.col("hours") * pl.col("expected_output_mw")).filter(~contract).sum().alias("expected")
    return frame.group_by("month", "zone", "is_peak").agg(sold, expected).with_columns(ratio=pl.col("sold") / pl.col("expected")).sort("zone").rows()


def coverage_by_hour(star):
    inside = (pl.col("came") >= pl.col("q05_eur_mwh")) & (pl.col("came") <= pl.col("q95_eur_mwh"))
    frame = outcomes(star).filter(pl.col("model") == "ensemble", pl.col("q05_eur_mwh").is_not_null())
    key = ["zone", "horizon_days", "local_hour"]
    return frame.group_by(key).agg(pl.len(), inside.mean().alias("share")).sort(key).rows()


def limit_use(star):
    share, status = pl.col("use_share"), pl.col("status")
    frame = star.frame("limits").group_by("limit_name", "scope").agg(
        pl.len(), share.mean().alias("mean"), share.max().alias("worst"),
        pl.col("delivery_day").sort_by(share, descending=True, maintain_order=True).first(),
        (status == "amber").sum().alias("amber"), (status == "red").sum().alias("red"),
    )  # fmt: skip
    return frame.sort("worst", "limit_name", "scope", descending=[True, False, False]).rows()


def capture_price_by_plant(star):
    made = {"coast_wind": ("wind", "wind"), "valley_solar": ("pv", "solar")}
    found = []
    for plant, (kind, technology) in made.items():
        rows = star.frame("plant_results").filter(plant=plant)
        energy, minutes = rows["output_mwh"].sum(), rows["resolution_minutes"]
        base = (rows["price_da_eur_mwh"] * minutes).sum() / minutes.sum()
        captured = rows["physical_eur"].sum() / energy
        found.append((plant, kind, technology, energy, captured, base, captured / base))
    return found


def cost_of_imbalance(star):
    missed = (pl.col("output_mw") - pl.col("expected_output_mw")).abs() * pl.col("resolution_minutes") / 60
    frame = calendar(star, star.frame("pnl")).group_by("month", "zone").agg(
        pl.sum("deviation_eur"), pl.sum("imbalance_fee_eur"), missed.sum().alias("missed")
    )  # fmt: skip
    return frame.with_columns(each=(pl.col("deviation_eur") + pl.col("imbalance_fee_eur")) / pl.col("missed")).sort("month", "zone").rows()


def strategy_net_by_month(star):
    newest = star.frame("backtest_days").sort("delivery_day").unique(["strategy", "result_day"], keep="last").sort("strategy", "result_day")
    frame = newest.group_by("strategy", pl.col("result_day").dt.truncate("1mo").alias("month")).agg(
        pl.len(), pl.sum("gross_eur"), pl.sum("cost_eur"), pl.sum("net_eur")
    )  # fmt: skip
    return frame.sort("strategy", "month").rows()


def programme_and_views(star):
    keys = ["zone", pl.col("delivery_day").dt.truncate("1mo").alias("month"), "is_proxy"]
    frame = star.frame("view_results").sort("delivery_day").group_by(keys, maintain_order=True)
    found = frame.agg(days=pl.col("delivery_day").n_unique(), programme_eur=pl.sum("programme_eur"), view_eur=pl.sum("view_eur"))
    return found.sort("zone", "month", "is_proxy").rows()


def states_of_strategies(star):
    frame = star.frame("strategy_states").filter(pl.col("delivery_day") == DAYS[-1]).sort("size", "strategy", descending=[True, False])
    return frame.select("delivery_day", "strategy", "state", "since", "size", "days", "net_eur", "t", "why", "way_back").rows()


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_saved_question_is_short_and_gives_its_numbers_from_warehouse_and_parquet_alike(star, question):
    sql = ANALYSES[question]
    assert len(sql.strip().splitlines()) <= 12
    assert sql.startswith("-- ")
    wanted, found = globals()[question](star), star.rows(sql)
    assert wanted or question == "var_exceptions"
    assert len(found) == len(wanted)
    for mine, theirs in zip(found, wanted, strict=True):
        assert list(mine) == [pytest.approx(v) if isinstance(v, float) else v for v in theirs]
    assert star.of_parquet(sql) == found


def same(found, wanted):
    """Rows alike, whatever kind of date and number a client makes of them."""

    def plain(value):
        if pd.isna(value):
            return None
        return value.date() if isinstance(value, pd.Timestamp) and value == value.normalize() and value.tz is None else value

    return [[plain(v) for v in row] for row in found] == [[pytest.approx(v) if isinstance(v, float) else v for v in row] for row in wanted]


@pytest.fixture(scope="module")
def engine(star, tmp_path_factory):
    """SQLAlchemy on a copy: this process has the file itself open, with settings of its own."""
    own = shutil.copy(star.live, tmp_path_factory.mktemp("engine") / "warehouse.duckdb")
    return sqlalchemy.create_engine(f"duckdb:///{own}", connect_args={"read_only": True}, poolclass=sqlalchemy.NullPool)


@pytest.mark.parametrize("question", QUESTIONS)
def test_pandas_and_sqlalchemy_give_the_same_answers(star, engine, question):
    wanted = star.rows(ANALYSES[question])
    with engine.connect() as connection:
        framed = pd.read_sql(sqlalchemy.text(ANALYSES[question]), connection).astype(object)
        plain = connection.exec_driver_sql(ANALYSES[question]).fetchall()
    assert same(framed.itertuples(index=False), wanted)
    assert same(plain, wanted)


DRIVER = """
import duckdb, json, sys
con = duckdb.connect(sys.argv[1], read_only=True)
con.execute("set timezone = 'UTC'")
print(json.dumps([duckdb.__version__, [[[str(v) for v in row] for row in con.execute(sql).fetchall()] for sql in json.load(sys.stdin)]]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("version", ["1.2.2", "1.4.4"])
def test_older_drivers_give_the_same_answers(star, version, tmp_path):
    if reason := installed(version, tmp_path / "driver"):
        pytest.skip(reason)
    questions = json.dumps([ANALYSES[name] for name in QUESTIONS])
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "driver")}
    command = [sys.executable, "-c", DRIVER, str(star.live)]
    done = subprocess.run(command, input=questions, env=environment, capture_output=True, text=True, check=True, timeout=120)
    driver, answers = json.loads(done.stdout)
    assert driver == version
    for name, found in zip(QUESTIONS, answers, strict=True):
        here = star.rows(ANALYSES[name])
        assert len(found) == len(here)
        for mine, theirs in zip(found, here, strict=True):
            number = [isinstance(v, float) for v in theirs]
            assert [v for v, is_number in zip(mine, number, strict=True) if not is_number] == [str(v) for v in theirs if not isinstance(v, float)]
            told = [float(v) for v, is_number in zip(mine, number, strict=True) if is_number]
            assert told == pytest.approx([v for v in theirs if isinstance(v, float)])


def test_every_key_of_a_fact_is_in_its_dimension_once(star):
    for name, dim in DIMENSIONS.items():
        if name == "dim_calendar":
            continue
        keys = [row[0] for row in star.rows(f"select {dim.key[0]} from marts.{name}")]  # noqa: S608 - our own names
        assert len(set(keys)) == len(keys)
        facts = star.rows(
            f"select table_name from duckdb_columns() where schema_name = 'marts' and column_name = '{dim.key[0]}' and table_name not like 'dim_%'"  # noqa: S608 - our own names
        )
        for (fact,) in set(facts):
            if fact in (
                "expectation_record",
                "data_quality",
                "held_hours",
                "scenario_summary",
                "forward_book_proposals",
                "block_orders",
                "bid_curves",
            ):
                continue  # there the column may also name all, or none
            seen = {row[0] for row in star.rows(f"select distinct {dim.key[0]} from marts.{fact}")} - {None, "", "book"}  # noqa: S608 - our own names
            assert seen <= set(keys) or fact == "nomination_lines", (name, fact, seen - set(keys))


def test_a_join_with_the_calendar_keeps_every_row_of_a_fact(star):
    for fact in ("pnl", "prices", "forecast_outcomes", "positions", "dispatch", "plant_results"):
        both = f"select count(*) from marts.{fact} inner join marts.dim_calendar using (zone, delivery_start)"  # noqa: S608 - our own names
        assert star.rows(both) == star.rows(f"select count(*) from marts.{fact}"), fact  # noqa: S608 - our own names


def test_the_calendar_is_the_books_blocks_and_intervals_and_marks_the_hour_that_comes_twice(star):
    rows = star.rows(
        "select delivery_day, is_peak, interval_number, local_start, is_repeated, delivery_start from marts.dim_calendar "
        "where zone = 'NORTH' order by delivery_start"
    )
    days = sorted({row[0] for row in rows})
    assert days[0] == DAYS[0]
    assert days[-1] == DAYS[1] + timedelta(days=star.desk.forecast.horizon_days), "the leads of the last decision are in it"
    for day in days:
        mine = [row for row in rows if row[0] == day]
        delivery = star.desk.delivery_day(day)
        assert [row[1] for row in mine] == profile("peak", delivery, 15).astype(bool).tolist()
        assert [row[2] for row in mine] == list(range(1, delivery.count(15) + 1))
    twice = [row[3] for row in rows if row[4]]
    assert [f"{at:%F %H:%M}" for at in twice] == [f"2025-10-26 02:{m:02}" for m in (0, 15, 30, 45)]
    assert len({(row[3], row[4]) for row in rows}) == len(rows)
    assert star.rows("select max(interval_number) from marts.dim_calendar where zone = 'SOUTH' and delivery_day = '2025-10-26'") == [(25,)]


def test_keys_nulls_and_grain_are_declared_and_kept(star):
    told = star.rows(
        "select table_name, constraint_column_names from duckdb_constraints() where schema_name = 'marts' and constraint_type = 'PRIMARY KEY'"
    )
    assert {name: tuple(columns) for name, columns in told} == {name: dim.key for name, dim in DIMENSIONS.items()}
    grain = star.rows("select mart, list(column_name order by place) from meta.keys group by mart")
    assert {name for name, _ in grain} == {*star.project.marts, *DIMENSIONS}
    for name, key in grain:
        assert star.rows(f"select {', '.join(key)} from marts.{name} group by all having count(*) > 1") == [], name  # noqa: S608 - our own names
    nullable = star.rows("select table_name from duckdb_columns() where schema_name = 'marts' and column_name = 'delivery_day' and is_nullable")
    assert {name for (name,) in nullable} <= {name for name, model in star.project.marts.items() if model.is_view}


def test_one_name_is_one_thing(star):
    kinds = star.rows("select column_name, data_type, table_name from duckdb_columns() where schema_name = 'marts'")
    texts = {name for name, kind, _ in kinds if kind == "VARCHAR"}
    both = texts & {name for name, kind, _ in kinds if kind != "VARCHAR"}
    assert both == set()
    assert star.rows("select distinct zone from marts.dim_zone order by 1") == [("NORTH",), ("SOUTH",), ("WEST",)]
    assert "zone" not in {name for name, _, mart in kinds if mart == "var_backtests"}


def test_each_lead_is_beside_its_outcome_whatever_days_were_published_together(star):
    apart = star.rows("select horizon_days, model, count(outcome_eur_mwh) from marts.forecast_outcomes group by all order by all")
    assert next(row[2] for row in apart if row[:2] == (2, "naive")) == 2 * 25, "published day by day: two hourly zones of the second day"
    assert star.rows("select sum(intervals) from marts.forecast_accuracy") == [(sum(row[2] for row in apart),)]


def test_a_desk_that_changes_rewrites_dimensions_and_keeps_what_facts_still_name(star, tmp_path):
    calendar = star.rows("select * from marts.dim_calendar order by all")
    version = star.rows("select max(version) from meta.publishes")
    assert star.publish(list(DAYS)).swapped == (), "nothing changed, nothing is written"
    plants = {name: plant for name, plant in star.desk.plants.items() if name != "coast_wind"}
    fewer = star.desk.model_copy(update={"plants": plants})
    assert star.publish(list(DAYS), fewer).version == version[0][0] + 1
    assert star.rows("select zone, technology, is_current, capacity_mw from marts.dim_plant where plant = 'coast_wind'") == [
        ("NORTH", "wind", False, None)
    ]
    assert star.rows("select * from marts.dim_calendar order by all") == calendar
    star.publish(list(DAYS))
    assert star.rows("select is_current from marts.dim_plant where plant = 'coast_wind'") == [(True,)]


def test_holidays_are_the_places_of_the_zone(star):
    zone = star.desk.zones["SOUTH"].model_copy(update={"holidays": ("DE",)})
    desk = star.desk.model_copy(update={"zones": star.desk.zones | {"SOUTH": zone}})
    rows = Dimensions(desk).calendar(date(2025, 10, 2), date(2025, 10, 4))
    assert rows.filter("is_holiday").select("zone", "delivery_day").unique().rows() == [("SOUTH", date(2025, 10, 3))]


def test_csv_and_excel_hold_utc_and_the_wall_clock_and_every_row(star, tmp_path):
    days = {"first": DAYS[1], "last": DAYS[1]}
    rows = export(star.live, tmp_path, "csv", ["pnl", "dim_zone"], **days)
    pnl = pl.read_csv(tmp_path / "pnl.csv", try_parse_dates=True)
    assert rows == {"pnl": 100 + 25 + 25, "dim_zone": 3}
    assert pnl.height == rows["pnl"]
    south = pnl.filter(zone="SOUTH").sort("delivery_start_utc")
    assert south["delivery_start_local"].dt.hour().to_list() == [0, 1, 2, 2, *range(3, 24)]
    assert south["delivery_start_utc"].n_unique() == 25
    assert pnl["total_eur"].sum() == pytest.approx(star.made[1].tables["pnl"]["total_eur"].sum())
    assert export(star.live, tmp_path, "excel", ["pnl", "dim_zone"], **days) == rows
    first = (tmp_path / "warehouse.xlsx").read_bytes()
    export(star.live, tmp_path, "excel", ["pnl", "dim_zone"], **days)
    assert (tmp_path / "warehouse.xlsx").read_bytes() == first
    with ZipFile(tmp_path / "warehouse.xlsx") as book:
        assert book.testzip() is None
        sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        assert len(sheets) == 4, "contents, columns, and a sheet a table"
        assert book.read("xl/worksheets/sheet3.xml").count(b"<row ") == rows["pnl"] + 1
    assert {path.suffix for path in tmp_path.iterdir()} == {".csv", ".xlsx"}


def test_what_cannot_be_exported_is_told_by_name(star, tmp_path, monkeypatch):
    with pytest.raises(ExportError, match=r"prics: did you mean prices\?"):
        export(star.live, tmp_path, "csv", ["prics", "nowhere"])
    with pytest.raises(ExportError, match="there is no warehouse yet"):
        export(tmp_path / "none.duckdb", tmp_path, "csv")
    monkeypatch.setattr("energy_pipeline.warehouse.export.MOST_ROWS", 10)
    with pytest.raises(ExportError, match=r"pnl: 294 rows"):
        export(star.live, tmp_path, "excel", ["pnl"])
    assert list(tmp_path.iterdir()) == []
