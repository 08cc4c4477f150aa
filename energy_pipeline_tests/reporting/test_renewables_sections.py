"""The fleet's section: what is in it, and what it says when there is nothing."""

from datetime import date

from energy_pipeline.contracts import table
from energy_pipeline.reporting.inputs import ReportInputs
from energy_pipeline.reporting.renewables_sections import fleet
from energy_pipeline_tests.renewables.hand_made import tiny_desk

D = date(2025, 10, 26)


def row(level, name, technology, mwh, complementarity=None):
    values = {"output_mwh": mwh, "held_back_mwh": 1.0, "capacity_mw": 100.0, "capacity_factor": mwh / 2500.0, "complementarity": complementarity}
    return {"delivery_day": D, "level": level, "name": name, "technology": technology, **values}


def test_the_portfolio_comes_first_and_numbers_are_those_of_the_table():
    rows = [row("plant", "coast_wind", "wind", 500.0), row("portfolio", "tiny", "all", 1500.0, 1.25), row("zone", "NORTH", "all", 500.0)]
    section = fleet(ReportInputs(D, tiny_desk(), {"fleet_summary": table("fleet_summary").frame(rows)}, {}))
    shown = [[cell.text for cell in line] for line in section.tables[0].rows]
    assert [line[0] for line in shown] == ["portfolio", "zone", "plant"]
    assert shown[0][3] == "1,500"
    assert shown[0][7] == "1.25"
    assert "60" in shown[0][6]


def test_a_day_without_the_table_says_so():
    assert fleet(ReportInputs(D, tiny_desk(), {}, {})).pending
