"""Weather files of well-known forms give interval starts and the contract's units; what is not one is said."""

from pathlib import Path

import polars as pl
import pytest

from energy_pipeline.desk.layout import FileLayout
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.lake.source_files import SourceFiles
from energy_pipeline_tests.mathematics.photovoltaics.typical_years import path, typical_year

NSRDB = (
    "Source,Location ID,City,State,Country,Latitude,Longitude,Time Zone,Elevation,Local Time Zone\n"
    "NSRDB,1,-,-,-,40.0,-105.0,-7,1600,-7\n"
    "Year,Month,Day,Hour,Minute,GHI,DNI,DHI,Temperature,Pressure,Wind Direction,Wind Speed\n"
    "2019,6,21,11,30,900,850,100,25.5,840,270,3.5\n2019,6,21,12,30,950,870,105,26.0,840,265,4.0\n"
)


def read(folder, text, name, **layout):
    (folder / name).write_text(text, encoding="latin-1")
    return SourceFiles(folder).load(name, FileLayout(**layout))


def test_a_typical_year_counts_hours_by_their_end_and_stands_for_the_year_that_is_said():
    year = typical_year("greensboro")
    file = path("greensboro")
    rows = SourceFiles(file.parent).load(file.name, FileLayout(weather_file="tmy3", year=2018))
    assert rows.height == 8760
    assert rows["time_utc"].cast(pl.Int64).to_list() == year.start_us.tolist()
    for column, theirs in (("ghi_w_m2", year.ghi), ("dni_w_m2", year.dni), ("dhi_w_m2", year.dhi), ("temperature_c", year.temperature_c)):
        assert rows[column].to_list() == theirs.tolist()
    assert 950 < rows["pressure_hpa"].mean() < 1010


def test_a_typical_year_without_a_year_is_refused():
    file = path("greensboro")
    with pytest.raises(SourceError, match="say `year`"):
        SourceFiles(file.parent).load(file.name, FileLayout(weather_file="tmy3"))


def test_satellite_half_hours_are_moved_to_the_start_of_their_hour(tmp_path: Path):
    rows = read(tmp_path, NSRDB, "nsrdb.csv", weather_file="nsrdb")
    assert [t.strftime("%H:%M") for t in rows["time_utc"]] == ["18:00", "19:00"]
    assert rows.select("ghi_w_m2", "dni_w_m2", "dhi_w_m2", "pressure_hpa", "wind_direction_deg").row(0) == (900.0, 850.0, 100.0, 840.0, 270.0)


def test_pvgis_on_a_tilted_plane_and_a_file_of_another_form_are_refused_by_name(tmp_path: Path):
    with pytest.raises(SourceError, match="tilted plane"):
        read(tmp_path, "Latitude:\t45\nSlope: 35 deg.\n", "pvgis.csv", weather_file="pvgis_hourly")
    with pytest.raises(SourceError, match="cannot be read as nsrdb"):
        read(tmp_path, "a,b\n1,2\n", "other.csv", weather_file="nsrdb")
