"""Rows on a zone's intervals."""

from datetime import date

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from energy_pipeline.book.grid import Grid, on_grid
from energy_pipeline.domain.delivery import DeliveryDay
from energy_pipeline.information.resolution import convert

DAY = DeliveryDay(date(2025, 3, 30), "Europe/Berlin")


def frame(minutes, values):
    starts = Grid(DAY, minutes).starts()
    return pl.DataFrame({"delivery_start": starts, "resolution_minutes": [minutes] * starts.len(), "v": values})


@given(arrays(np.float64, (2, 8), elements=st.floats(-1e4, 1e4)), st.sampled_from([(15, 60), (15, 30), (30, 60), (60, 15), (30, 15), (60, 60)]))
def test_conversion_keeps_energy(values, lengths):
    source, target = lengths
    result = convert(values, source, target)
    np.testing.assert_allclose(result.sum(axis=-1) * target, values.sum(axis=-1) * source, atol=1e-6)


def test_an_incomplete_hour_is_unknown():
    rows = frame(15, np.arange(92.0)).filter(pl.int_range(pl.len()) != 6)
    found = on_grid(rows, "v", Grid(DAY, 60))
    assert np.flatnonzero(np.isnan(found)).tolist() == [1]
    assert found[0] == 1.5


def test_rows_of_another_day_are_left_out():
    rows = frame(60, np.arange(23.0)).with_columns(pl.col("delivery_start").dt.offset_by("1d"))
    assert np.isnan(on_grid(rows, "v", Grid(DAY, 60))).all()


def test_two_resolutions_fill_each_other():
    mixed = pl.concat([frame(15, np.arange(92.0)).head(8), frame(60, np.arange(100.0, 123.0)).slice(2)])
    found = on_grid(mixed, "v", Grid(DAY, 60))
    assert found[:3].tolist() == [1.5, 5.5, 102.0]
