"""Each fault at each connector ends in a retry, the second source, a stated fallback or a named error; the table says which."""

import pytest

from energy_pipeline_tests.fetching.faults import FAULTS, MORNINGS, WIRE, cell
from energy_pipeline_tests.fetching.morning import SUBJECTS

EXPECTED = {  # entsoe, energy_charts, smard, open_meteo
    "day of 23 hours": ("right", "right", "right", "right"),
    "day of 25 hours": ("right", "right", "right", "right"),
    "switch to 15 minutes": ("right", "right", "right", "right"),
    "curve type A03": ("right", "n/a", "n/a", "n/a"),
    "two auctions in one answer": ("right", "n/a", "n/a", "n/a"),
    "only the other auction": ("second", "n/a", "n/a", "n/a"),
    "intraday mixed into day-ahead": ("right", "n/a", "n/a", "n/a"),
    "zeros before the auction": ("fallback", "fallback", "fallback", "n/a"),
    "zeros after the auction": ("second", "second", "second", "n/a"),
    "zeros in the evening": ("second", "second", "second", "n/a"),
    "an evening that is truly zero": ("right", "right", "right", "n/a"),
    "repeated hour mixed up": ("error", "error", "error", "n/a"),
    "nothing published": ("second", "second", "second", "fallback"),
    **{f"{name}, twice": ("retry",) * 4 for name in WIRE},
    **{f"{name}, all morning": ("second",) * 4 for name in WIRE},
    "401 as HTML": ("second",) * 4,
    "another unit": ("second", "second", "n/a", "second"),
    "correction": ("right", "right", "right", "n/a"),
    "withdrawn": ("right", "right", "right", "n/a"),
}
COUNTS = {"day of 23 hours": 92, "day of 25 hours": 100, "switch to 15 minutes": 96}


@pytest.mark.parametrize("name", [*FAULTS, *MORNINGS])
@pytest.mark.parametrize("connector", SUBJECTS)
def test_a_fault_ends_as_the_table_says(name, connector):
    found = cell(name, connector)
    assert found.verdict == EXPECTED[name][list(SUBJECTS).index(connector)], found.text
    assert "UNSAID" not in found.text
    if name in COUNTS and connector != "open_meteo":
        assert found.frame.height == COUNTS[name]


def test_the_table_has_every_fault_of_the_list():
    assert list(EXPECTED) == [*FAULTS, *MORNINGS]
    assert {v for row in EXPECTED.values() for v in row} <= {"right", "retry", "second", "fallback", "error", "n/a"}


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("401 as HTML", "error"),
        ("changed schema, all morning", "error"),
        ("500, all morning", "error"),
        ("truncated, all morning", "error"),
        ("nothing published", "fallback"),
        ("zeros after the auction", "fallback"),
        ("zeros in the evening", "fallback"),
    ],
)
@pytest.mark.parametrize("connector", ["entsoe", "energy_charts", "smard"])
def test_without_a_second_source_it_is_told_by_name(name, verdict, connector):
    found = cell(name, connector, alone=True)
    assert found.verdict == verdict, found.text
    assert found.text
