"""A folder with a plant of one's own: its CSV is read like any other, its description tells every mistake with its file."""

from datetime import timedelta

import polars as pl
import pytest

from energy_pipeline.domain.delivery import DeliveryDay, from_us
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.studies.measured_plants import plants_in
from energy_pipeline_tests.studies.plants_on_file import FIRST, series

PLANT = "name: farm\nplant: {kind: wind, capacity_mw: 10, hub_height_m: 100}\ntime_zone: UTC\ntest_first: 2023-04-20\ndecided_at: 12:00\n"


def folder(path, plant=PLANT, text=None, days=40):
    frame = series(days)
    (path / "plant.yaml").write_text(plant, encoding="utf-8")
    (path / "series.csv").write_text(frame.write_csv() if text is None else text(frame), encoding="utf-8")
    return path


def test_a_german_csv_is_read_as_the_plain_one(tmp_path):
    (tmp_path / "plain").mkdir()
    (tmp_path / "own").mkdir()
    plain = next(iter(plants_in(folder(tmp_path / "plain"))))

    def german(frame):
        return frame.with_columns(pl.col(pl.Float64).cast(pl.String).str.replace(".", ",", literal=True)).write_csv(separator=";")

    own = next(iter(plants_in(folder(tmp_path / "own", PLANT + "decimal: ','\n", german))))
    assert own.frame.equals(plain.frame)


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Australia/Adelaide", "Asia/Kathmandu"])
def test_hours_of_a_half_hour_zone_begin_when_its_days_do(tmp_path, zone):
    day = FIRST.date() + timedelta(days=2)
    first = DeliveryDay(FIRST.date(), zone).start

    def local(frame):
        at = [(first + timedelta(hours=i)).isoformat() for i in range(frame.height)]
        return frame.with_columns(pl.Series("timestamp", at)).write_csv()

    source = next(iter(plants_in(folder(tmp_path, PLANT.replace("UTC", zone), local))))
    starts = DeliveryDay(day, zone).interval_starts_us(60)
    assert set(starts.tolist()) <= set(source.frame["start_us"].to_list()), from_us(int(starts[0]))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("capacity_mw: 10", "capacity_mw: -10", "capacity_mw: Input should be greater than 0"),
        ("capacity_mw: 10", "capacity_mw: 10, colour: red", "colour: Extra inputs"),
        ("time_zone: UTC", "time_zone: Mars", "'Mars' is no IANA time zone"),
        ("2023-04-20", "2023-04-31", "day is out of range"),
        ("12:00", "25:00", "hour must be in"),
        ("name: farm", "name: farm\nname: barn", "stands on lines 1 and 2"),
        ("name: farm", "name: [", "is not YAML"),
        ("name: farm", "nme: farm", "needs name and plant"),
    ],
)
def test_a_mistake_in_the_description_names_its_file(tmp_path, old, new, told):
    with pytest.raises(SourceError, match=r"plant\.yaml") as error:
        plants_in(folder(tmp_path, PLANT.replace(old, new)))
    assert told in str(error.value)


def test_a_number_that_is_none_is_named(tmp_path):
    with pytest.raises(SourceError, match=r"row 1, column 'output_mw': 'oops'"):
        plants_in(folder(tmp_path, text=lambda f: f.with_columns(output_mw=pl.lit("oops")).write_csv()))
