"""Allocations described by a file: their numbers against other roads, and what is told of a mistake."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from energy_pipeline.domain.errors import DeskError, SourceError
from energy_pipeline.studies.allocation_file import study
from energy_pipeline.studies.allocation_page import write

DATA = Path(os.environ.get("ENERGY_PIPELINE_DATA", "../shared/data"))
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
HOURS = """
title: Two exchanges
money: EUR/MWh
variable: change
budget: 1
exchanges:
  PL:
    file: pl.csv
    time: {column: label, clock: local, zone: Europe/Warsaw}
    time_zone: Europe/Warsaw
    price: pln
    currency: PLN
    fx: {file: rates.csv, rate: pln_per_eur}
  DE: {file: de.csv, time: {column: utc, clock: utc}, time_zone: Europe/Berlin, price: eur}
limits:
  - {limit: bounds, name: long only, low: 0}
objectives: [{objective: min_cvar}, {objective: min_variance}, {objective: max_sharpe}]
frontier_points: 0
"""


@pytest.fixture
def two(tmp_path):
    """Prices of 40 days over the change of the clock of 2024-03-31, rates on weekdays alone."""
    random = np.random.default_rng(4)
    days = [date(2024, 3, 4) + timedelta(days=i) for i in range(40)]
    polish = pl.DataFrame({"day": days}).join(pl.DataFrame({"hour": range(24)}), how="cross")
    polish = polish.with_columns(pln=pl.Series(random.normal(400, 60, polish.height)).round(2))
    polish = polish.filter(~((pl.col("day") == date(2024, 3, 31)) & (pl.col("hour") == 2)))
    label = pl.col("day").cast(pl.String) + " " + pl.col("hour").cast(pl.String).str.zfill(2) + ":00"
    polish.select(label.alias("label"), "pln").write_csv(tmp_path / "pl.csv")
    start = pl.datetime_range(datetime(2024, 3, 3, 23, tzinfo=UTC), datetime(2024, 4, 12, 21, 45, tzinfo=UTC), "15m", eager=True)
    german = pl.DataFrame({"utc": start.dt.strftime("%Y-%m-%dT%H:%M"), "eur": random.normal(80, 20, start.len()).round(2)})
    german.write_csv(tmp_path / "de.csv")
    rates = pl.DataFrame({"date": days, "pln_per_eur": np.round(4.3 + 0.01 * np.arange(40), 4)}).filter(pl.col("date").dt.weekday() <= 5)
    rates.write_csv(tmp_path / "rates.csv")
    (tmp_path / "hours.yaml").write_text(HOURS)
    return tmp_path, polish, german, rates


def test_hours_of_two_exchanges_are_local_hours_in_one_currency(two):
    folder, polish, german, _ = two
    found = study(folder / "hours.yaml")
    assert found.inputs.names == (*(f"PL {h:02d}" for h in range(24)), *(f"DE {h:02d}" for h in range(24)))
    assert len(found.inputs.scenarios) == 38  # 40 days less the one of 23 hours, and a change needs the day before
    pln = {(r["day"], r["hour"]): r["pln"] for r in polish.iter_rows(named=True)}
    # Saturday the 9th has no rate of its own: Friday's 4.34; the 8th has it too.
    wanted = (pln[date(2024, 3, 9), 5] - pln[date(2024, 3, 8), 5]) / 4.34
    at = found.inputs.rows.index("2024-03-09")
    assert found.inputs.scenarios[at, 5] == pytest.approx(wanted, abs=1e-9)
    summer = german.filter(pl.col("utc").str.starts_with("2024-04-05T10:"))["eur"].mean()  # 12 o'clock in summer
    before = german.filter(pl.col("utc").str.starts_with("2024-04-04T10:"))["eur"].mean()
    assert found.inputs.scenarios[found.inputs.rows.index("2024-04-05"), 24 + 12] == pytest.approx(summer - before, abs=1e-9)
    over = found.inputs.scenarios[found.inputs.rows.index("2024-04-01"), 3]  # from the last whole day
    rates = {date(2024, 4, 1): 4.58, date(2024, 3, 30): 4.55}
    assert over == pytest.approx(pln[date(2024, 4, 1), 3] / 4.58 - pln[date(2024, 3, 30), 3] / rates[date(2024, 3, 30)], abs=1e-9)
    assert [note.split(":")[0] for note in found.inputs.notes] == ["PL", "rates.csv", "DE"]


def test_each_answer_is_the_best_by_its_own_measure_and_an_impossible_one_says_why(two):
    folder, *_ = two
    answers = {a.objective: a for a in study(folder / "hours.yaml").answers}
    assert answers["min_cvar"].measures["cvar"] <= answers["min_variance"].measures["cvar"] + 1e-9
    assert answers["min_variance"].measures["deviation"] <= answers["min_cvar"].measures["deviation"] + 1e-9
    assert answers["min_cvar"].positions.sum() == pytest.approx(1.0)
    assert answers["max_sharpe"].positions is not None or answers["max_sharpe"].said


def test_a_page_is_the_same_bytes_twice_and_its_csv_holds_the_positions(two):
    folder, *_ = two
    found = study(folder / "hours.yaml")
    pages = [write(found, folder / name, "hours").parent for name in ("a", "b")]
    for file in sorted(p.name for p in pages[0].iterdir()):
        assert (pages[0] / file).read_bytes() == (pages[1] / file).read_bytes()
    csv = pl.read_csv(folder / "a" / "hours-positions.csv")
    assert csv["min_cvar"].to_numpy() == pytest.approx(found.answers[0].positions)
    assert "| min_cvar |" in (folder / "a" / "hours.md").read_text()


MISTAKES = {
    "unknown column": (("price: eur", "price: euro"), "de.csv: column(s) euro are missing; found utc, eur"),
    "no file": (("file: de.csv", "file: fr.csv"), "fr.csv: no such file"),
    "no rates": (("    fx: {file: rates.csv, rate: pln_per_eur}\n", ""), "prices in PLN, results in EUR/MWh, and no rates"),
    "unknown contract": (("low: 0}", "low: {PL 24: 0}}"), "no contract 'PL 24'"),
    "unknown key": (("budget: 1", "budgets: 1"), "budgets"),
    "no such objective": (("objective: min_cvar", "objective: least_cvar"), "least_cvar"),
    "a number that is missing": (("objective: max_sharpe", "objective: target_return"), "target_return needs low"),
    "the same objective twice": (("objective: max_sharpe", "objective: min_cvar"), "objectives: min_cvar stands twice"),
    "a limit with a wrong side": (("limit: bounds", "limit: cvar"), "cvar takes high alone"),
    "relative changes": (("variable: change", "variable: relative_change"), "relative changes of prices at or below zero"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_place(two, name):
    folder, *_ = two
    (old, new), said = MISTAKES[name]
    text = HOURS.replace(old, new)
    assert text != HOURS
    (folder / "hours.yaml").write_text(text)
    if name == "relative changes":
        german = pl.read_csv(folder / "de.csv").with_columns(eur=pl.col("eur") - 75.0)
        german.write_csv(folder / "de.csv")
    with pytest.raises((DeskError, SourceError)) as error:
        study(folder / "hours.yaml")
    assert said in str(error.value)


def test_all_that_is_wrong_in_the_data_is_told_at_once(two):
    folder, *_ = two
    lines = (folder / "pl.csv").read_text().splitlines()
    lines[7] = lines[7].split(",")[0] + ',"4oo"'
    (folder / "pl.csv").write_text("\n".join(lines) + "\n")
    (folder / "rates.csv").write_text("date,pln_per_eur\n2024-03-20,4.3\n")
    (folder / "de.csv").write_text("utc,eur\n2024-03-20T00:00,n/e\n")
    with pytest.raises(SourceError) as error:
        study(folder / "hours.yaml")
    assert "pl.csv row 7, column 'pln': '4oo' is no number" in str(error.value)
    assert "de.csv: no day has each of its 24 hours" in str(error.value)


def test_two_series_in_one_file_are_not_averaged(two):
    folder, *_ = two
    one = pl.read_csv(folder / "de.csv")
    pl.concat([one, one.with_columns(eur=pl.col("eur") + 10.0)]).write_csv(folder / "de.csv")
    with pytest.raises(SourceError, match=r"de.csv: 2024-03-04 00:00 CET has several prices .* pick one series by `where`"):
        study(folder / "hours.yaml")


def test_an_objective_asked_for_with_two_numbers_has_two_answers(two):
    folder, *_ = two
    text = HOURS.replace("{objective: min_cvar}", "{objective: min_cvar}, {objective: min_cvar, confidence: 0.8}")
    (folder / "hours.yaml").write_text(text)
    found = study(folder / "hours.yaml")
    assert [a.objective for a in found.answers[:2]] == ["min_cvar", "min_cvar confidence 0.8"]
    written = write(found, folder / "out", "hours").parent / "hours-positions.csv"
    assert written.read_text().startswith("contract,min_cvar,min_cvar confidence 0.8,")


def test_days_without_a_rate_are_told(two):
    folder, *_ = two
    (folder / "rates.csv").write_text("date,pln_per_eur\n2024-03-20,4.3\n")
    with pytest.raises(SourceError, match=r"rates.csv: no rate for \d+ day\(s\), first 2024-03-04"):
        study(folder / "hours.yaml")


def test_the_sugar_mill_as_a_file_has_the_optima_of_the_worked_example():
    if not (DATA / "sugarcane").is_dir():
        pytest.skip(f"{DATA / 'sugarcane'} is not there: set ENERGY_PIPELINE_DATA")
    from energy_pipeline.studies.sugarcane import load, risk_optima

    wanted = risk_optima(load(DATA / "sugarcane"))
    found = {a.objective: a for a in study(EXAMPLES / "product-mix.yaml", DATA / "sugarcane").answers}
    assert found["max_mean"].measures["expected"] == pytest.approx(64.78060838, abs=1e-6)
    pairs = {
        "Variance of profit": ("min_variance", "deviation"),
        "Minimax": ("minimax", "minimum"),
        "VaR": ("min_var", "var"),
        "CVaR": ("min_cvar", "cvar"),
    }
    for title, (name, _) in pairs.items():
        assert found[name].positions == pytest.approx(wanted[title].positions, abs=1e-5)


def test_hours_as_a_file_have_the_least_cvar_of_the_index_study():
    if not (DATA / "eu_dayahead_prices_entsoe").is_dir():
        pytest.skip(f"{DATA / 'eu_dayahead_prices_entsoe'} is not there: set ENERGY_PIPELINE_DATA")
    from energy_pipeline.studies.index_study import exchange, least_cvar

    found = study(EXAMPLES / "hours-of-two-exchanges.yaml", DATA)
    wanted = least_cvar([exchange(DATA, z) for z in ("FR", "ES")], None, long=True)
    # The study fills the missing hour of spring; here the eight days with a change of the clock are left out.
    assert found.answers[0].measures["cvar"] == pytest.approx(wanted.cvar, rel=0.01)
    assert len(found.inputs.scenarios) == 1461 - 8 - 1
