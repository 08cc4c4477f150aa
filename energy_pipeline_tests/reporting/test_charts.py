"""Charts: the local time axis on days of 23, 24 and 25 hours, and marks that lie where they should."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.domain.delivery import DeliveryDay
from energy_pipeline.reporting.charts import LEFT, RIGHT, WIDTH, Band, Bars, Steps, clock_change, day_chart, hour_ticks, nice_ticks

SPRING, AUTUMN, PLAIN = date(2026, 3, 29), date(2025, 10, 26), date(2025, 10, 2)


def day(d):
    return DeliveryDay(d, "Europe/Berlin")


@pytest.mark.parametrize(
    ("d", "noon", "change"), [(SPRING, 11 / 23, (2 / 23, "02 skipped")), (PLAIN, 0.5, None), (AUTUMN, 13 / 25, (3 / 25, "02 repeats"))]
)
def test_noon_and_the_clock_change_lie_at_elapsed_time(d, noon, change):
    ticks = {label: share for share, label in hour_ticks(day(d))}
    assert ticks["12"] == pytest.approx(noon)
    assert ticks["24"] == 1.0
    found = clock_change(day(d))
    assert (found is None) == (change is None)
    if found is not None and change is not None:
        assert found == (pytest.approx(change[0]), change[1])


@given(st.floats(-9999, 9999), st.floats(0.01, 20_000))
def test_ticks_span_the_values_in_equal_steps(low, width):
    ticks = nice_ticks(low, low + width)
    assert ticks[0] <= low + 1e-6
    assert ticks[-1] >= low + width - 1e-6
    assert 2 <= len(ticks) <= 8


@pytest.mark.parametrize("minutes", [15, 60])
@pytest.mark.parametrize("d", [SPRING, PLAIN, AUTUMN])
def test_a_line_fills_the_axis_from_edge_to_edge(d, minutes):
    starts = day(d).interval_starts_us(minutes).tolist()
    svg = str(day_chart("p", "EUR/MWh", day(d), [Steps("line main", starts, minutes, [float(i) for i in range(len(starts))])]))
    path = re.search(r'class="line main" d="([^"]+)"', svg).group(1)
    assert path.startswith(f"M{LEFT:.1f} ")
    assert path.endswith(f"H{WIDTH - RIGHT:.1f}")
    assert path.count("M") == 1
    assert path.count("H") == len(starts)


def test_an_unknown_value_leaves_a_hole():
    starts = day(PLAIN).interval_starts_us(60).tolist()
    values = [1.0] * 24
    values[5] = None
    svg = str(day_chart("p", "MW", day(PLAIN), [Steps("line main", starts, 60, values), Band("band", starts, 60, values, [2.0] * 24)]))
    line, band = (re.search(rf'class="{c}" d="([^"]+)"', svg).group(1) for c in ("line main", "band"))
    assert line.count("M") == 2
    assert band.count("M") == band.count("Z") == 2


def test_bars_below_zero_hang_from_the_zero_line():
    starts = day(PLAIN).interval_starts_us(60).tolist()
    svg = str(day_chart("p", "MW", day(PLAIN), [Bars("bar", starts, 60, [10.0, -10.0, 0.0] + [None] * 21)], zero=True))
    up, down = re.findall(r'<rect class="(bar[^"]*)" x="[\d.]+" y="([\d.]+)" width="[\d.]+" height="([\d.]+)"', svg)
    assert (up[0], down[0]) == ("bar", "bar negative")
    assert float(up[1]) + float(up[2]) == pytest.approx(float(down[1]), abs=0.11)


def test_titles_are_escaped():
    svg = str(day_chart("<script>", "MW", day(PLAIN), []))
    assert "<script>" not in svg
