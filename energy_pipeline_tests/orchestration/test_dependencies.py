"""A dependency is declared once: what a step declares is what its function takes, names and reads."""

from datetime import date, timedelta

import pytest

from energy_pipeline.contracts import TABLES
from energy_pipeline.definitions import assets
from energy_pipeline.desk import demo_desk_path, load_desk
from energy_pipeline.orchestration import progress
from energy_pipeline.orchestration.factory import AssetFactory, DayContext
from energy_pipeline.orchestration.reads import Day, DeclarationError, OrderOnly, Raw, Window, edges, handed
from energy_pipeline.orchestration.resources import DeskRuntime
from energy_pipeline.settings import Settings
from energy_pipeline.warehouse.sql_project import SqlProject
from energy_pipeline_tests.contracts.legal_frames import legal_day
from energy_pipeline_tests.integration.lakes import TINY
from energy_pipeline_tests.orchestration import small_graph
from energy_pipeline_tests.orchestration.recording import ignored, misdeclared, reach, recorded

DAY = date(2026, 3, 29)
DESK = load_desk(TINY)
RUN_WINDOW = {"load_forecast", "load_actual", "generation_forecast", "generation_actual"}
"""`data_quality` compares forecasts and actuals over half a year, read once a run: more days than an edge may have."""


def made(desk):
    """The steps of a desk's factory, and the tables each makes."""
    factory = AssetFactory(desk)
    found = assets(factory, SqlProject(Settings().sql_root), described=False)
    return factory.steps, {asset.op.name: {key.to_user_string() for key in asset.keys} for asset in found}


@pytest.fixture(scope="module")
def graph():
    return made(DESK)


def test_every_table_but_the_bulk_load_comes_from_a_declared_step(graph):
    steps, tables = graph
    assert set(tables) - set(steps) == {"raw_history", "marts"}
    assert {name for step in steps for name in tables[step]} >= set(TABLES)


def test_every_declared_frame_is_named_in_the_function_it_is_handed_to(graph):
    steps, _ = graph
    assert {name: found for name, step in steps.items() if (found := ignored(step))} == {}


def test_a_run_reads_what_is_declared_and_nothing_else(graph, recorded_day):
    steps, tables = graph
    *_, reads = recorded_day
    assert set(steps) <= set(reads)
    found = {name: misdeclared(step, tables[name], reads[name], DESK) for name, step in steps.items()}
    found["data_quality"] = [text for text in found["data_quality"] if text.split(" ")[0] not in RUN_WINDOW]
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_order_only_edges_say_what_the_order_is_good_for(graph):
    steps, _ = graph
    assert [item for step in steps.values() for item in step.declared if isinstance(item, OrderOnly) and len(item.why) < 10] == []


def test_a_look_back_of_the_desk_is_the_edge_and_the_read(tmp_path):
    step = small_graph.one_step(lambda _day, *, limits: limits, Window("limits", lambda desk: desk.risk.breach_days, required=False))
    shorter = DESK.model_copy(update={"risk": DESK.risk.model_copy(update={"breach_days": 9})})
    assert [reach(item, shorter) for item in step.declared] == [8]
    assert [getattr(edge.partition_mapping, "start_offset", None) for edge in edges(step.declared, shorter)] == [-8]
    runtime = DeskRuntime(Settings(desk=TINY, lake=tmp_path), shorter)
    for back in (7, 8, 9):
        runtime.lake.write_day("limits", DAY - timedelta(days=back), legal_day(TABLES["limits"], DAY - timedelta(days=back), rows=1))
    taken = step.taken(runtime.session("run", DAY, DAY), DAY)
    assert sorted(taken["limits"]["delivery_day"].unique()) == [DAY - timedelta(days=8), DAY - timedelta(days=7)]


def test_the_demo_desks_windows_are_those_of_its_file():
    desk = load_desk(demo_desk_path())
    steps, _ = made(desk)
    (limits,) = steps["limit_breaches"].declared
    assert reach(limits, desk) == desk.risk.breach_days - 1


def planted(day: DayContext, *, pnl):
    day.lake.read("positions", day.day, day.day, missing="skip")
    return pnl


def forgetful(_day: DayContext, *, pnl, positions):
    return pnl


@pytest.mark.parametrize(
    ("declared", "text"),
    [
        ([Day("pnl"), Day("positions")], "positions is declared and no parameter takes it"),
        ([], "parameter pnl is not declared"),
        ([Day("pnl"), Window("pnl", 3)], "pnl is declared twice"),
        ([OrderOnly("pnl", "nothing is handed in")], "parameter pnl is not declared"),
    ],
)
def test_a_planted_edge_without_a_read_or_read_without_an_edge_does_not_load(declared, text):
    with pytest.raises(DeclarationError, match=text):
        small_graph.one_step(planted, *declared)


def test_a_planted_edge_whose_frame_is_never_named_is_found():
    assert ignored(small_graph.one_step(forgetful, Day("pnl"), Day("positions"))) == ["positions"]


def read_by(step, lake):
    """What a step read of a lake that holds its declared tables."""
    runtime = DeskRuntime(Settings(desk=TINY, lake=lake), DESK)
    for item in handed(step.declared):
        runtime.lake.write_day(item.table, DAY, legal_day(TABLES[item.table], DAY, rows=1))
    with recorded() as reads, progress.reporting(step.name):
        step(DayContext(DAY, runtime.session("run", DAY, DAY), None))
    return reads[step.name]


def test_a_planted_read_past_the_declarations_is_found(tmp_path):
    step = small_graph.one_step(planted, Day("pnl"))
    assert misdeclared(step, {"var_exceptions"}, read_by(step, tmp_path), DESK) == ["positions is read and not declared"]
    ordered = small_graph.one_step(planted, Day("pnl"), OrderOnly("positions", "said to be for the order"))
    assert misdeclared(ordered, {"var_exceptions"}, read_by(ordered, tmp_path), DESK) == ["positions is declared order-only and read"]


def test_a_planted_edge_that_a_run_does_not_read_is_found():
    step = small_graph.one_step(lambda _day, *, pnl, day_ahead_prices: (pnl, day_ahead_prices), Day("pnl"), Raw("day_ahead_prices", 3))
    assert misdeclared(step, set(), {"pnl": 0, "day_ahead_prices": 2}, DESK) == []
    assert misdeclared(step, set(), {"day_ahead_prices": 2}, DESK) == ["pnl is declared and not read"]
    assert misdeclared(step, set(), {"pnl": 0, "day_ahead_prices": 4}, DESK) == ["day_ahead_prices is read 4 days back and declared 2"]
