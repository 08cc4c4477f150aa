"""Plant files: hours from any interval, clocks, errors, the layouts of the public data sets on made-up years."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from energy_pipeline.domain.errors import SourceError
from energy_pipeline.studies.measured_plants import _last_year, plants_in
from energy_pipeline.studies.renewables_benchmark import as_markdown, run
from energy_pipeline_tests.studies.plants_on_file import series, source

DATA = Path(os.environ.get("ENERGY_PIPELINE_DATA", "../shared/data"))


def test_ten_minutes_become_hours_and_an_hour_with_a_hole_has_none():
    frame = series(3)
    fine = frame.select(pl.all().repeat_by(6).explode()).with_columns(
        timestamp=pl.col("timestamp") + pl.duration(minutes=pl.int_range(pl.len()) % 6 * 10)
    )
    made = source(fine.with_row_index().filter(pl.col("index") != 7).drop("index"))
    hourly = made.frame["output_share"]
    assert hourly.null_count() == 1
    assert hourly[1] is None
    np.testing.assert_allclose(hourly.drop_nulls().to_numpy(), np.delete(frame["output_mw"].to_numpy(), 1) / 10.0)


def test_repeated_rows_are_dropped_and_counted():
    frame = series(3)
    made = source(pl.concat([frame, frame.head(5)]))
    assert made.counts["repeated rows dropped"] == 5
    assert made.frame.height == 72


def test_directions_are_averaged_round_the_circle():
    frame = series(1).head(1)
    two = pl.concat([frame, frame.with_columns(timestamp=pl.col("timestamp") + pl.duration(minutes=30))])
    made = source(two.with_columns(wind_direction_100m_deg=pl.Series([350.0, 20.0])))
    assert made.frame["wind_direction_100m_deg"][0] == pytest.approx(5.0)


def test_a_meter_two_hours_off_is_noticed_from_the_past_only():
    frame = series(140).with_columns(output_mw=pl.col("output_mw").shift(2))
    made = source(frame)
    assert made.clock_hours == 2
    assert any("+2 h" in note for note in made.notes)
    assert source().clock_hours == 0


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: f.drop("output_mw"), "no column output_mw"),
        (lambda f: f.drop("wind_speed_100m_ms"), "needs a column wind_speed_"),
        (lambda f: f.with_columns(output_mw=pl.lit(None, dtype=pl.Float64)), "output_mw has no value"),
        (
            lambda f: f.with_columns(timestamp=pl.Series([f["timestamp"][0] + timedelta(minutes=7 * i) for i in range(f.height)])),
            "intervals of 7 min",
        ),
    ],
)
def test_a_file_that_cannot_be_used_says_why_and_what_next(spoil, words):
    with pytest.raises(SourceError, match=words) as caught:
        source(spoil(series(3)))
    assert "->" in str(caught.value)


@pytest.mark.parametrize("bad", [133.0, -1.0])
def test_impossible_wind_is_refused_by_name_not_used(bad):
    made = source(series(3).with_columns(wind_speed_100m_ms=pl.when(pl.int_range(pl.len()) == 5).then(bad).otherwise(pl.col("wind_speed_100m_ms"))))
    assert any("wind" in note or "speed" in note for note in made.notes), made.notes


def test_the_documented_format_from_folder_to_table(tmp_path):
    told = {
        "name": "my_farm",
        "plant": {"kind": "wind", "capacity_mw": 10.0, "hub_height_m": 100.0},
        "location": {"latitude_deg": 50.0, "longitude_deg": 8.0},
        "decided_at": "11:30",
        "test_first": date(2023, 4, 20),
    }
    (tmp_path / "plant.yaml").write_text(yaml.safe_dump(told), encoding="utf-8")
    series(114).write_csv(tmp_path / "series.csv")
    study = run(tmp_path, [], None, date(2023, 4, 22))
    page = as_markdown(study)
    assert "my_farm" in page
    assert "**upper bound**" in page
    assert study[0].walk.frame["delivery_day"].n_unique() == 3
    with pytest.raises(SourceError, match="no plant other"):
        run(tmp_path, ["other"], None, None)


def test_an_unknown_folder_names_what_it_holds(tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"")
    with pytest.raises(SourceError, match=r"found x\.parquet"):
        plants_in(tmp_path)


def test_the_next_year_of_the_same_form_is_read(tmp_path):
    """La Haute Borne's layout with another year and two machines, made up."""
    start = datetime(2015, 1, 1, tzinfo=UTC)
    hours = [start + timedelta(hours=h) for h in range(48)]
    tens = [start + timedelta(minutes=10 * i) for i in range(288)]
    machines = {"Rated_power": 2050, "Hub_height_m": 80.0, "elevation_m": 411.0, "Latitude": 48.45, "Longitude": 5.59}
    pl.DataFrame({"asset": [1, 2], **machines}).write_parquet(tmp_path / "asset_table.parquet")
    pl.DataFrame({"ts_utc": hours, "ws_100m": 8.0, "u_100": 8.0, "v_100": 0.0, "t_2m": 283.0, "surf_pres": 97000.0}).write_parquet(
        tmp_path / "era5_hourly_2015.parquet"
    )
    pl.DataFrame({"ts_utc": tens, "net_energy_kwh": 200.0, "availability_kwh": 0.0, "curtailment_kwh": 0.0}).write_parquet(
        tmp_path / "plant_meter_10min_2015.parquet"
    )
    (made,) = plants_in(tmp_path)
    assert made.file.capacity_mw == pytest.approx(4.1)
    assert made.frame["output_share"].to_list() == pytest.approx([1.2 / 4.1] * 48)
    assert made.frame["wind_direction_100m_deg"][0] == pytest.approx(270.0)
    assert made.file.is_upper_bound


def test_the_last_year_is_the_test_where_enough_comes_before():
    def days(first, last):
        return pl.Series([datetime(*first, tzinfo=UTC), datetime(*last, tzinfo=UTC)])

    assert _last_year(days((2014, 1, 1), (2015, 12, 31))) == date(2015, 1, 1)
    assert _last_year(days((2014, 1, 1), (2014, 12, 31))) is None
    assert _last_year(days((2014, 10, 1), (2015, 12, 31))) is None


@pytest.mark.skipif(not (DATA / "wind_la_haute_borne_2014_2015").exists(), reason=f"measured plants are not at {DATA} (ENERGY_PIPELINE_DATA)")
def test_on_a_slice_of_real_data_it_beats_physics_climatology_and_persistence():
    (study,) = run(DATA / "wind_la_haute_borne_2014_2015", [], date(2014, 10, 1), date(2014, 10, 31))
    for score in (*study.all_hours[1:], *study.day_ahead[1:]):
        assert score.skill > 0.0, score
