"""The page of all days: every day once, sums that add up, light enough for ten years."""

import math
import re
from datetime import date, timedelta

import numpy as np

from energy_pipeline.reporting.index_page import DayRecord, index_html

FIRST = date(2016, 4, 1)


def days(count):
    """Synthetic days whose P&L is known, every 40th an exception."""
    rng = np.random.default_rng(7)
    made = []
    for i in range(count):
        settled = -5000.0 if i % 40 == 0 else float(np.round(rng.normal(1000, 300), 2))
        more = {"zone_mae_eur_mwh": {"NORTH": 4.0, "SOUTH": 6.0}, "fleet_expected_mwh": 900.0, "fleet_mwh": 880.0 + i % 7}
        made.append(DayRecord(FIRST + timedelta(days=i), 1000.0, settled, 2000.0, 5.0, 9.0, page=i % 2 == 0, **more))
    return made


def test_every_day_stands_once_and_links_to_its_page_where_there_is_one():
    page = index_html("desk", "EUR", days(100))
    found = re.findall(r"<td>(?:<a href=\"date=([\d-]+)/report.html\">)?(\d{4}-\d\d-\d\d)", page)
    assert [day for _, day in found] == [(FIRST + timedelta(days=i)).isoformat() for i in reversed(range(100))]
    assert {link for link, _ in found} - {""} == {(FIRST + timedelta(days=i)).isoformat() for i in range(0, 100, 2)}


def test_sums_exceptions_and_drawdown_are_those_of_the_days():
    made = days(100)
    page = index_html("desk", "EUR", made)
    values = [d.settled_eur for d in made]
    equity, high, fall = 0.0, 0.0, 0.0
    for v in values:
        equity += v
        high = max(high, equity)
        fall = max(fall, high - equity)
    assert f"<dd>{math.fsum(values):,.0f}</dd>" in page
    assert f"<dd>{fall:,.0f}</dd>" in page
    assert "3 of 100, 5.0 expected" in page
    assert page.count('class="broke"') == 3
    april = math.fsum(d.settled_eur for d in made if d.day.month == 4)
    assert f">{april:,.0f}<" in page


def test_calendar_and_trends_show_each_of_the_last_days_once_with_its_sign_and_mark():
    made = days(500)
    page = index_html("desk", "EUR", made)
    calendar = page[page.index('<section id="calendar">') : page.index('<section id="months">')]
    told = dict(re.findall(r"<title>([\d-]+): ([^<]+)</title>", calendar))
    last = made[-1].day
    first = last - timedelta(days=last.weekday() + 7 * 52)
    shown = [d for d in made if d.day >= first]
    assert list(told) == [d.day.isoformat() for d in shown]
    assert [", VaR exception" in text for text in told.values()] == [d.is_exception for d in shown]
    assert calendar.count("bar negative") == sum(d.settled_eur < 0 for d in shown)
    assert "Last 250 settled days against the expectation less VaR 95 %" in page
    assert page.count('class="line naive"') == 3, "the floor, the naive's error, and the expected output"
    zones = page[page.index("MAE of the day-ahead forecast by zone") :]
    assert '"c":"z0","v":[4,4' in zones
    assert '"c":"z1","v":[6,6' in zones


def test_years_fold_the_newest_stands_open_and_each_tells_its_days_its_sum_and_its_exceptions():
    made = days(500)
    page = index_html("desk", "EUR", made)
    told = re.findall(r'<details class="year"( open)?>\s*<summary>(\d{4}): ([^<]*)</summary>', page)
    expected = []
    for year in (2017, 2016):
        own = [d for d in made if d.day.year == year]
        broken = sum(d.is_exception for d in own)
        sum_eur = math.fsum(d.settled_eur for d in own)
        expected.append((" open" if year == 2017 else "", str(year), f"{len(own)} days, settled {sum_eur:,.0f} EUR, {broken} VaR exceptions"))
    assert told == expected


def test_ten_years_of_days_stay_under_three_megabytes_and_ask_for_nothing():
    page = index_html("desk", "EUR", days(3650))
    assert len(page.encode()) < 3_000_000
    assert not re.search(r"https?:|url\(|@import|<img|<link|src=", page)


def test_a_day_of_two_runs_says_so_in_its_row():
    pages = [index_html("desk", "EUR", [DayRecord(FIRST, 10.0, page=True, is_unfinished=torn)]) for torn in (False, True)]
    assert ["of two runs" in page for page in pages] == [False, True]


def test_a_desk_without_a_settled_day_says_so_and_the_desks_name_is_escaped():
    page = index_html("<desk>", "EUR", [DayRecord(FIRST, 10.0)])
    assert "1, none settled yet" in page
    assert "&lt;desk&gt;, all delivery days" in page
    assert "<desk>" not in page
