"""What each step reads while a run goes on, and what is wrong with it beside what was declared."""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date
from unittest import mock

import dagster as dg

from energy_pipeline.desk import Desk
from energy_pipeline.lake import Lake
from energy_pipeline.orchestration import progress
from energy_pipeline.orchestration.factory import Step
from energy_pipeline.orchestration.reads import Archived, Declared, Earlier, Read, ThisYear
from energy_pipeline.orchestration.resources import RunSession
from energy_pipeline.orchestration.shared_reads import Missing, SharedReads

Reads = dict[str, dict[str, int]]
"""By step and table: how many days before its last day the furthest read began."""


@contextmanager
def recorded() -> Iterator[Reads]:
    """The reads of every step that runs inside the block, each attributed to the step that was running."""
    found: Reads = {}
    running: list[str] = []
    read, shared, info, reporting = Lake.read, SharedReads.read, RunSession.info, progress.reporting

    def note(table: str, days: int) -> None:
        if running:
            tables = found.setdefault(running[-1], {})
            tables[table] = max(tables.get(table, 0), days)

    def noted_read(lake: Lake, table: str, first: date, last: date, missing: str = "error"):
        note(table, (last - first).days)
        return read(lake, table, first, last, missing)

    def noted_shared(reads: SharedReads, table: str, first: date, last: date, missing: Missing):
        note(table, (last - first).days)
        return shared(reads, table, first, last, missing)

    def noted_info(session: RunSession, day: date):
        note("information_set", 0)
        return info(session, day)

    @contextmanager
    def noted_step(step: str) -> Iterator[None]:
        running.append(step)
        found.setdefault(step, {})
        try:
            with reporting(step):
                yield
        finally:
            running.pop()

    patches = ((Lake, "read", noted_read), (SharedReads, "read", noted_shared), (RunSession, "info", noted_info), (progress, "reporting", noted_step))
    with ExitStack() as stack:
        for owner, name, noted in patches:
            stack.enter_context(mock.patch.object(owner, name, noted))
        yield found


def misdeclared(step: Step, tables: set[str], read: Mapping[str, int], desk: Desk) -> list[str]:
    """What a step of these tables read on a one-day run beside what it declared, in words."""
    declared = {item.table: item for item in step.declared}
    expected = {name for name, item in declared.items() if isinstance(item, Read | Archived | Earlier) and name not in tables}
    seen = set(read) - tables
    problems = [f"{name} is read and not declared" for name in sorted(seen - set(declared))]
    problems += [f"{name} is declared order-only and read" for name in sorted(seen & set(declared) - expected)]
    problems += [f"{name} is declared and not read" for name in sorted(expected - seen)]
    reaches = {name: reach(item, desk) for name, item in declared.items() if isinstance(item, Read) and name in seen}
    further = {name for name, item in declared.items() if isinstance(item, ThisYear)}
    wrong = [(n, days) for n, days in sorted(reaches.items()) if (read[n] < days if n in further else read[n] != days)]
    return problems + [f"{n} is read {read[n]} days back and declared {days}" for n, days in wrong]


def reach(item: Declared, desk: Desk) -> int:
    """Days before D that an edge reaches to."""
    edge = item.edge(desk)
    mapping = None if edge is None else edge.partition_mapping
    return -mapping.start_offset if isinstance(mapping, dg.TimeWindowPartitionMapping) else 0


def ignored(step: Step) -> list[str]:
    """Declared frames that the function never names."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(step.compute)))
    named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    parameters = inspect.signature(step.compute).parameters.values()
    return sorted(p.name for p in parameters if p.kind in (p.KEYWORD_ONLY, p.VAR_KEYWORD) and p.name not in named)
