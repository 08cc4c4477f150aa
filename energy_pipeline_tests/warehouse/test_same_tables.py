"""However a publish gets there, the marts hold what their SQL gives on the lake's rows: nothing more, nothing else."""

from datetime import date
from pathlib import Path

from energy_pipeline.contracts import TABLES
from energy_pipeline.lake import Lake
from energy_pipeline.warehouse import publishing as warehouse
from energy_pipeline.warehouse.duck import connect
from energy_pipeline.warehouse.sql_project import SqlProject
from energy_pipeline_tests.warehouse.test_sql_project import build

ROOT = Path(__file__).resolve().parents[2] / "dbt_like_sql"


def write(lake, name, frame):
    for day in frame["delivery_day"].unique().sort():
        part = frame.filter(frame["delivery_day"] == day)
        if TABLES[name].vintages:
            lake.add_vintage(name, day, part)
        else:
            lake.write_day(name, day, part)


def test_a_day_published_table_by_table_equals_the_sql_on_all_of_its_rows(made_up_day, tmp_path):
    made = made_up_day()
    lake, live, project = Lake(tmp_path / "lake"), tmp_path / "warehouse.duckdb", SqlProject(ROOT)
    held = {name: frame for name, frame in made.tables.items() if frame.height}
    late = {"pnl", "day_ahead_prices", "second_prices", "plant_meters"} & set(held)
    for names in (set(held) - late, late):
        for name in sorted(names):
            write(lake, name, held[name])
        days = sorted({day for name in names for day in held[name]["delivery_day"].to_list()})
        report = warehouse.publish(lake, live, ROOT, days, project=project)
    assert 0 < len([mart for mart, rows in report.rows.items() if rows]) < len(project.marts) / 2, "what did not change was left alone"
    expected = build(project, {name: lake.read(name, date(2000, 1, 1), date(2040, 1, 1), missing="skip") for name in held})
    with connect(live) as con:
        for mart in project.marts:
            sql = f"select * from {{}} order by {', '.join(project.columns_of(mart))}"  # noqa: S608 - our own names
            assert con.execute(sql.format(f"marts.{mart}")).fetchall() == expected.execute(sql.format(f"m_{mart}")).fetchall(), mart
