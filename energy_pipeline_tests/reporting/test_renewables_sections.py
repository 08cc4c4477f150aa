"""The fleet's section: what is in it, and what it says when there is nothing."""

from datetime import date, timedelta

from energy_pipeline.contracts import table
from energy_pipeline.reporting.inputs import ReportInputs
from energy_pipeline.reporting.renewables_sections import fleet
from energy_pipeline_tests.contracts.legal_frames import legal_rows
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


def test_what_plants_earned_is_the_sum_of_their_intervals():
    legs = [(10.0, 50.0, 500.0, -20.0), (30.0, 10.0, 300.0, 5.0)]
    start = tiny_desk().delivery_day(D).start
    rows = [
        {"delivery_day": D, "plant": "coast_wind", "zone": "NORTH", "delivery_start": start + timedelta(hours=i), "output_mwh": mwh}
        | {"price_da_eur_mwh": price, "physical_eur": physical, "deviation_eur": deviation, "pnl_eur": physical + deviation}
        for i, (mwh, price, physical, deviation) in enumerate(legs)
    ]
    tables = {"fleet_summary": [row("portfolio", "tiny", "all", 40.0)], "plant_results": rows}
    section = fleet(ReportInputs(D, tiny_desk(), {name: table(name).frame(legal_rows(table(name), given)) for name, given in tables.items()}, {}))
    assert [cell.text for cell in section.tables[1].rows[0]] == ["coast_wind", "NORTH", "40", "20.00", "30.00", "800", "\N{MINUS SIGN}15", "785"]
    assert [source.table for source in section.sources] == ["fleet_summary", "plant_results"]
