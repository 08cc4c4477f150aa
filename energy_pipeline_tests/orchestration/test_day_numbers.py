"""What the UI shows of a day: numbers that are the table's, small pictures, runs on the timeline under their name."""

import base64
import math
import re
from datetime import date

import dagster as dg
import polars as pl
import pytest

from energy_pipeline.contracts import TABLES
from energy_pipeline.orchestration.day_numbers import MADE, numbers_of, outcome, picture
from energy_pipeline.orchestration.policies import LABEL_TAG
from energy_pipeline.runner.spans import run_span
from energy_pipeline_tests.made_up_day import made_up_day
from energy_pipeline_tests.orchestration import empty_steps

__all__ = ["made_up_day"]
MOST_BYTES = 8_000
CURVE = pl.DataFrame({"zone": ["NORTH"] * 40, "delivery_start": range(40), "price_eur_mwh": [50.0 + i for i in range(40)]})
"""What the made-up day has not: a forward curve."""


def drawing(entry):
    return base64.b64decode(re.search(r"base64,([^)]+)\)", entry.value).group(1)).decode()


@pytest.mark.parametrize("table", MADE)
def test_a_day_of_the_table_shows_numbers_or_a_small_picture(made_up_day, table):
    made = made_up_day()
    found = numbers_of(table, made.tables.get(table, CURVE))
    assert found
    assert sum(len(v.value) if isinstance(v, dg.MarkdownMetadataValue) else 8 for v in found.values()) < MOST_BYTES
    assert all(math.isfinite(v) for v in found.values() if isinstance(v, int | float))
    assert numbers_of(table, TABLES[table].frame()) == {}


def test_the_numbers_are_those_of_the_tables(made_up_day):
    tables = made_up_day().tables
    scores = tables["forecast_scores"].filter(model="ensemble", price_kind="day_ahead")
    measures = tables["risk_measures"].filter(scope="book", measure="var", level=0.95)
    found = {name: numbers_of(name, tables[name]) for name in ("pnl", "forecast_scores", "risk_measures")}
    assert found["pnl"]["settled_pnl_eur"] == pytest.approx(tables["pnl"]["headline_eur"].sum(), abs=1e-3)
    assert found["forecast_scores"]["mae_eur_mwh"] == pytest.approx(scores["mae_eur_mwh"].mean(), abs=1e-3)
    assert found["forecast_scores"]["coverage_90"] == pytest.approx(scores["coverage_90"].mean(), abs=1e-3)
    assert found["risk_measures"]["var_95_eur"] == pytest.approx(measures["value_eur"].item(), abs=1e-3)


def test_forecast_and_outcome_stand_in_one_picture_once_a_day_is_settled(made_up_day):
    tables = made_up_day().tables
    drawn = drawing(outcome(tables["price_forecasts"], tables["pnl"])["forecast_and_outcome"])
    assert drawn.count("<polyline") == 2
    assert drawn.count("<polygon") == 1
    assert outcome(tables["price_forecasts"], TABLES["pnl"].frame()) == {}


def test_a_picture_of_holes_and_one_of_a_flat_line_are_drawn():
    for values in ([1.0, None, 3.0], [5.0, 5.0], [None]):
        assert "nan" not in drawing(picture({"a": values}, "MW"))
    assert len(drawing(picture({"a": [float(i) for i in range(5_000)]}, "MW"))) < 1_500


def test_runs_of_the_command_line_say_their_location_and_their_name(tmp_path, monkeypatch):
    empty_steps.empty(monkeypatch)
    with dg.DagsterInstance.ephemeral() as instance:
        runner = empty_steps.runner(instance, tmp_path)
        runner.settings = runner.settings.model_copy(update={"label": "March"})
        run_span(runner, ("settle_da",), date(2026, 3, 28), date(2026, 3, 28))
        (run,) = instance.get_runs()
    assert run.remote_job_origin.location_name == "energy_pipeline"
    assert run.remote_job_origin.job_name == run.job_name
    assert run.tags[LABEL_TAG] == "March"


def test_a_day_frame_without_a_zone_that_sold_draws_nothing_wrong():
    nothing = pl.DataFrame({"zone": [], "sold_mw": []}, schema={"zone": pl.String, "sold_mw": pl.Float64})
    assert outcome(nothing, nothing) == {}
