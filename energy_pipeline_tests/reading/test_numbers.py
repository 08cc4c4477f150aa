"""Numbers as files write them: what is written is read back, and what could be two numbers is asked about."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.desk.layout import FileLayout
from energy_pipeline.reading.numbers import ambiguous, marks, numbers

MARKS = [(".", None), (",", None), (".", ","), (",", "."), (",", " "), (".", "'"), (",", "'"), (".", " ")]


def written(value: int, places: int, decimal: str, thousands: str | None, minus: str) -> str:
    whole, rest = divmod(abs(value), 10**places)
    text = f"{whole:,}".replace(",", thousands or "")
    return (minus if value < 0 else "") + text + (f"{decimal}{rest:0{places}d}" if places else "")


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1), st.integers(0, 6), st.sampled_from(MARKS), st.sampled_from(("-", "\u2212")))
@settings(max_examples=200, deadline=None)
def test_numbers_read_back_are_those_written(values, places, mark, minus):
    decimal, thousands = mark
    texts = [written(v, places, decimal, thousands, minus) for v in values]
    found, bad = numbers(pl.Series("x", texts), "x.csv", FileLayout(decimal=decimal, thousands=thousands))
    assert not bad.any()
    assert found.to_list() == [float(v) / 10**places if places else float(v) for v in values] or found.to_list() == pytest.approx(
        [v / 10**places for v in values], rel=1e-15, abs=0
    )


@given(st.lists(st.integers(-(10**7), 10**7), min_size=1))
@settings(max_examples=200, deadline=None)
def test_a_dot_that_may_stand_between_thousands_is_never_read_silently(values):
    texts = [written(v, 0, ",", ".", "-") for v in values]
    found, bad = numbers(pl.Series("x", texts), "x.csv")
    told = ambiguous(pl.DataFrame({"x": texts}).select(marks({"x": FileLayout()})).row(0, named=True), "x", "x.csv")
    assert told or bad.any() or found.to_list() == [float(v) for v in values]


@pytest.mark.parametrize(
    ("texts", "asks"),
    [
        (["45.123", "44.980"], True),
        (["982", "2.475"], True),
        (["-1.234"], True),
        (["0.123", "1.234"], False),
        (["1.5", "1.234"], False),
        (["1234.567"], False),
        (["1", "2"], False),
        (["n/e", "12"], False),
    ],
)
def test_one_number_that_cannot_be_thousands_settles_it(texts, asks):
    counts = pl.DataFrame({"x": texts}).select(marks({"x": FileLayout()})).row(0, named=True)
    assert (ambiguous(counts, "x", "x.csv") is not None) is asks
