"""The table a run prints says the desk's currency, and how many hours are held."""

from dataclasses import replace
from datetime import date

from energy_pipeline.cli.day_table import rows
from energy_pipeline.runner.summary import DaySummary

DAY = DaySummary(date(2025, 10, 26), 25.0, 4.0, 5.0, {}, 1000.0, 100.0, 120.0, 0.5, "green", 900.0, 0.0)


def test_money_is_in_the_desks_currency():
    names = [name for name, _ in rows([DAY], "GBP")]
    assert "settled P&L, GBP" in names
    assert not any("EUR" in name for name in names)


def test_held_hours_are_told_only_where_there_are_some():
    assert not any(name == "held, h" for name, _ in rows([DAY], "EUR"))
    assert ("held, h", ["24.00"]) in rows([replace(DAY, held_h=24.0)], "EUR")
