"""`risk factors`: the decided table as text, settled P&L against a file, and what is said of wrong files."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from energy_pipeline.cli.main import app
from energy_pipeline.contracts import table
from energy_pipeline.lake import Lake

FIRST = date(2025, 3, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(40)]
GAS = np.random.default_rng(3).normal(0, 2, len(DAYS))


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """Forty settled days whose P&L is 100 EUR for every move of gas by one, and 7."""
    root = tmp_path_factory.mktemp("lake")
    store = Lake(root)
    contract = table("pnl")
    for day, move in zip(DAYS, GAS.tolist(), strict=True):
        row = {c.name: 0.0 for c in contract.columns if c.dtype == "f64"} | {"delivery_day": day, "zone": "NORTH", "resolution_minutes": 60}
        row |= {"delivery_start": datetime(day.year, day.month, day.day, tzinfo=UTC), "second_price_kind": "none", "is_estimated": False}
        store.write_day("pnl", day, contract.frame([{**row, "settled_as_of": datetime(2025, 6, 1, tzinfo=UTC), "headline_eur": 100 * move + 7}]))
    row = {"delivery_day": DAYS[-1], "scope": "book", "factor_kind": "named", "unit": "EUR/MWh", "days": 30, "note": "", "factor_volatility": 4.0}
    rows = [{**row, "factor": "hub", "exposure_eur": 240.0, "contribution_eur": 900.0, "share_of_variance": 0.9}]
    rows.append({**row, "factor": "idiosyncratic", "contribution_eur": 100.0, "share_of_variance": 0.1, "note": "not known: gas"})
    store.write_day("factor_exposures", DAYS[-1], table("factor_exposures").frame(rows))
    store.write_day("positions", DAYS[-1], table("positions").frame())
    return root


def run(lake, *arguments):
    return CliRunner().invoke(app, ["risk", "factors", "--lake", str(lake), *arguments])


def said(found):
    """The output without line ends."""
    return " ".join(found.output.split())


def file_of(folder, **columns):
    path = folder / "factors.csv"
    pl.DataFrame({"date": DAYS, "known_at": [datetime(d.year, d.month, d.day, 18, tzinfo=UTC).isoformat() for d in DAYS], **columns}).write_csv(path)
    return str(path)


def test_settled_days_are_explained_by_the_file(lake, tmp_path):
    noise = np.random.default_rng(4).normal(size=len(DAYS))
    found = run(lake, "--file", file_of(tmp_path, gas=GAS, noise=noise, comment=["x"] * len(DAYS)))
    assert found.exit_code == 0, found.output
    assert "40 days" in found.output
    assert "factors explain 100%" in found.output
    assert "| gas | 100 | 100 |" in found.output
    assert "| noise | 0 |" in found.output.replace("| -0 |", "| 0 |")


def test_the_decided_table_is_shown(lake):
    found = run(lake)
    assert found.exit_code == 0, found.output
    assert "named factors, 30 days, volatility 1,000 EUR" in found.output
    assert "| hub | 240 | - | EUR/MWh | 4.00 | 900 | 90% |" in found.output
    assert "idiosyncratic: not known: gas" in found.output
    assert "no scope 'SOUTH'; scopes: book" in said(run(lake, "--scope", "SOUTH"))


def test_what_cannot_be_used_is_said(lake, tmp_path):
    for columns, words in (({"comment": ["x"] * len(DAYS)}, "no column of numbers"), ({"still": np.ones(len(DAYS))}, "does not move: still")):
        found = run(lake, "--file", file_of(tmp_path, **columns))
        assert found.exit_code == 1
        assert words in said(found)
    assert "no such file" in said(run(lake, "--file", str(tmp_path / "nothing.csv")))
