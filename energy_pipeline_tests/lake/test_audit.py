"""Great Expectations and the compiled run give one verdict, whatever is damaged; an audit leaves its pages."""

from datetime import timedelta
from random import Random

import polars as pl
import pytest

from energy_pipeline.contracts import TABLES, table
from energy_pipeline.contracts.expectations import validate
from energy_pipeline.lake import Lake
from energy_pipeline.lake.audit import Library, audit, witnesses
from energy_pipeline_tests.contracts.legal_frames import legal_day
from energy_pipeline_tests.contracts.sound_frames import DAYS, paths, sound


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return Library(tmp_path_factory.mktemp("audit"))


def one_row(frame, draw):
    return pl.int_range(pl.len()) == draw.randrange(frame.height)


def nulled(contract, frame, draw):
    name = draw.choice(frame.columns)
    return frame.with_columns(pl.when(one_row(frame, draw)).then(None).otherwise(pl.col(name)).alias(name))


def not_a_number(contract, frame, draw):
    names = [c.name for c in contract.columns if c.dtype in ("f64", "f32")]
    if not names:
        return frame
    name = draw.choice(names)
    return frame.with_columns(pl.when(one_row(frame, draw)).then(float("nan")).otherwise(pl.col(name)).cast(contract.schema[name]).alias(name))


def out_of_range(contract, frame, draw):
    bounded = [c for c in contract.columns if c.maximum is not None or c.minimum is not None]
    if not bounded:
        return frame
    column = draw.choice(bounded)
    value = column.minimum - 1 if column.maximum is None else column.maximum + 1
    changed = pl.when(one_row(frame, draw)).then(pl.lit(value)).otherwise(pl.col(column.name))
    return frame.with_columns(changed.cast(contract.schema[column.name]).alias(column.name))


def unknown_word(contract, frame, draw):
    closed = [c.name for c in contract.columns if c.allowed is not None]
    if not closed:
        return frame
    name = draw.choice(closed)
    return frame.with_columns(pl.when(one_row(frame, draw)).then(pl.lit("no such word")).otherwise(pl.col(name)).alias(name))


def doubled(contract, frame, draw):
    at = draw.randrange(frame.height)
    return pl.concat([frame, frame[at : at + 1]])


def day_gone(contract, frame, draw):
    return frame.filter(pl.col("delivery_day") != draw.choice(DAYS))


def hour_gone(contract, frame, draw):
    return frame.filter(~one_row(frame, draw))


def shifted(contract, frame, draw):
    if "delivery_start" not in frame.columns:
        return frame
    moved = pl.when(one_row(frame, draw)).then(pl.col("delivery_start") + timedelta(minutes=30)).otherwise("delivery_start")
    return frame.with_columns(moved.alias("delivery_start"))


def untouched(contract, frame, draw):
    return frame


DAMAGES = (nulled, not_a_number, out_of_range, unknown_word, doubled, day_gone, hour_gone, shifted, untouched)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda d: d.__name__)
def test_both_runs_give_the_same_verdict_on_damaged_frames(damage, library):
    draw = Random(damage.__name__)  # noqa: S311 - examples, no secrets
    told = 0
    for name in ["day_ahead_prices", *draw.sample(sorted(TABLES), 3)]:
        contract = table(name)
        frame = damage(contract, sound(name), draw)
        compiled, audited = validate(contract, frame, DAYS), validate(contract, frame, DAYS, library.run)
        assert compiled == audited, name
        told += not compiled.passed
    assert (told > 0) == (damage is not untouched)


def test_a_big_table_is_reduced_to_witnesses_that_hold_the_extremes(library):
    contract, frame = table("scenario_paths"), paths()
    seen = []

    def watched(name, suite, rows):
        seen.append(witnesses(rows, suite).height if rows.height > 50_000 else rows.height)
        return library.run(name, suite, rows)

    assert validate(contract, frame, DAYS[:2], watched).passed
    assert frame.height > 50_000
    assert seen[0] < 100
    suite = [("ExpectColumnValuesToBeBetween", {"column": "value", "min_value": 0})]
    kept = witnesses(frame, suite)
    for day in DAYS[:2]:
        before, after = (f.filter(pl.col("delivery_day") == day)["value"] for f in (frame, kept))
        assert (before.min(), before.max()) == (after.min(), after.max())
    doubled_row = pl.concat([frame, frame[40_000:40_001]])
    assert [f.split("(")[0] for f in validate(contract, doubled_row, DAYS[:2], library.run).failed_expectations] == [
        "expect_compound_columns_to_be_unique"
    ]


def test_an_audit_judges_written_days_and_leaves_pages(tmp_path):
    lake = Lake(tmp_path / "lake")
    days = [DAYS[0], DAYS[2]]
    for day in days:
        lake.write_day("data_quality", day, legal_day(table("data_quality"), day))
    found = audit(lake, DAYS, tmp_path / "audit", [table("data_quality")])
    assert found.failed["data_quality"].failed_days == [DAYS[1]]
    assert found.page.is_file()
    pages = [p.read_text(encoding="utf-8") for p in found.page.parent.rglob("*.html")]
    assert any("data_quality" in text for text in pages)
    again = audit(lake, days, tmp_path / "audit", [table("data_quality")])
    assert again.failed == {}
