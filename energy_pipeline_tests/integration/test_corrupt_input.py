"""Corrupt input stops with an error that names table, day, rows and value; the good days are kept.

A one-zone desk reads prices from a CSV; each case spoils one thing in it.
"""

from datetime import date, timedelta

import dagster as dg
import duckdb
import polars as pl
import pytest

from energy_pipeline.desk.load import desk_from
from energy_pipeline.domain.delivery import DeliveryDay, days_between
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.lake import Lake
from energy_pipeline.runner.flows import run_flow
from energy_pipeline.settings import Settings

FIRST, LAST = date(2026, 3, 27), date(2026, 3, 31)
BAD = date(2026, 3, 30)
ZONE = {"market": "m", "second_price": {"kind": "none", "imbalance_fee_eur_mwh": 1.0}, "drivers": [], "tso_res_forecast": "none"}
DESK_DATA = {
    "name": "csv_desk",
    "description": "One zone from a CSV.",
    "markets": {"m": {"gate": {"at": "12:00"}}},
    "zones": {"X": ZONE},
    "sources": {
        "files": [
            {
                "table": "day_ahead_prices",
                "key": {"zone": "X"},
                "required": True,
                "known_at": {"anchor": "delivery_day", "days": -1, "at": "12:45", "basis": "assumption"},
                "parts": [{"path": "prices.csv", "time": {"column": "time", "clock": "utc"}, "values": {"price_eur_mwh": {"columns": ["price"]}}}],
            }
        ]
    },
}


def rows() -> list[tuple[str, str]]:
    """A legal file: (UTC time, price) for every hour of the span."""
    found = []
    for day in days_between(FIRST, LAST):
        starts = pl.Series(DeliveryDay(day, "Europe/Berlin").interval_starts_us(60)).cast(pl.Datetime("us"))
        found += [(text, f"{40 + i}.5") for i, text in enumerate(starts.dt.strftime("%Y-%m-%d %H:%M:%S").to_list())]
    return found


def of_day(day: date) -> range:
    """Row numbers of a delivery day in `rows()` (the 29th has 23 hours)."""
    before = sum(DeliveryDay(d, "Europe/Berlin").hours for d in days_between(FIRST, day - timedelta(days=1))) if day > FIRST else 0
    return range(before, before + DeliveryDay(day, "Europe/Berlin").hours)


def write(folder, lines, header="time,price"):
    (folder / "prices.csv").write_text("\n".join([header, *(",".join(line) for line in lines), ""]), encoding="utf-8")


def spoil(lines, case):
    spot = of_day(BAD)[5]
    match case:
        case "text in a number":
            lines[spot] = (lines[spot][0], "n/a?")
        case "duplicate hour":
            lines.insert(spot, (lines[spot][0], "99.0"))
        case "missing day":
            del lines[of_day(BAD).start : of_day(BAD).stop]
        case "price of 1e6":
            lines[spot] = (lines[spot][0], "1000000")
    return lines


SAID = {"text in a number": "n/a?", "duplicate hour": "99.0", "missing day": "no "}


def ingest(folder, instance):
    settings = Settings(lake=folder / "lake", data=folder)
    return run_flow("ingest", days_between(FIRST, LAST), settings, desk=desk_from(DESK_DATA, "test"), instance=instance)


def published(folder):
    with duckdb.connect(str(folder / "lake" / "warehouse.duckdb"), read_only=True) as con:
        return con.sql("select delivery_day, count(*), sum(price_day_ahead_eur_mwh) from marts.prices group by all order by all").fetchall()


@pytest.mark.parametrize("case", SAID, ids=str)
def test_the_good_days_are_written_and_recorded(tmp_path, case):
    write(tmp_path, spoil(rows(), case))
    with dg.DagsterInstance.ephemeral() as instance:
        with pytest.raises(PipelineError) as caught:
            ingest(tmp_path, instance)
        recorded = instance.get_materialized_partitions(dg.AssetKey("day_ahead_prices"))
    message = str(caught.value)
    assert "day_ahead_prices" in message
    assert str(BAD) in message
    assert SAID[case] in message
    good = [d for d in days_between(FIRST, LAST) if d != BAD]
    assert [d for d in Lake(tmp_path / "lake").days("day_ahead_prices") if FIRST <= d <= LAST] == good
    assert recorded == {d.isoformat() for d in good}


def test_a_history_that_begins_somewhere_is_no_failure_of_a_required_series(tmp_path):
    write(tmp_path, spoil(rows(), "missing day"))
    with dg.DagsterInstance.ephemeral() as instance:
        settings = Settings(lake=tmp_path / "lake", data=tmp_path)
        long_before = days_between(FIRST - timedelta(days=400), LAST)
        result = run_flow("history", long_before, settings, desk=desk_from(DESK_DATA, "test"), instance=instance)
    assert result.success
    held = Lake(tmp_path / "lake").days("day_ahead_prices")
    assert held == [d for d in days_between(FIRST, LAST) if d != BAD]


def test_a_price_that_cannot_be_is_held_and_the_hour_is_no_row(tmp_path):
    write(tmp_path, spoil(rows(), "price of 1e6"))
    with dg.DagsterInstance.ephemeral() as instance:
        ingest(tmp_path, instance)
    lake = Lake(tmp_path / "lake")
    assert lake.read("day_ahead_prices", BAD, BAD).height == DeliveryDay(BAD, "Europe/Berlin").hours - 1
    held = lake.read("held_hours", FIRST, LAST, missing="skip")
    assert (held["delivery_day"].to_list(), held["found_value"].to_list()) == ([BAD], [1_000_000.0])


def test_a_wrong_column_names_what_is_there(tmp_path):
    write(tmp_path, rows(), header="time,preis")
    with dg.DagsterInstance.ephemeral() as instance, pytest.raises(PipelineError, match=r"(?s)price.*preis"):
        ingest(tmp_path, instance)


def test_the_warehouse_keeps_its_last_good_version(tmp_path):
    write(tmp_path, rows())
    with dg.DagsterInstance.ephemeral() as instance:
        ingest(tmp_path, instance)
        before = published(tmp_path)
        assert [row[1] for row in before] == [24, 24, 23, 24, 24]
        write(tmp_path, spoil(rows(), "text in a number"))
        with pytest.raises(PipelineError):
            ingest(tmp_path, instance)
    assert published(tmp_path) == before
