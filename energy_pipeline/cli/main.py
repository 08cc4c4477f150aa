"""The command line: energy-pipeline.

What belongs here: which commands there are. What does not: what they do (the other files of `cli`).
"""

from __future__ import annotations

from typing import Annotated

import typer

import energy_pipeline.threads  # noqa: F401 - before numpy
from energy_pipeline.cli import flows, tools
from energy_pipeline.cli.allocate import allocate
from energy_pipeline.cli.audit import audit
from energy_pipeline.cli.backtest import backtest
from energy_pipeline.cli.benchmark import benchmark_app
from energy_pipeline.cli.book import book_app
from energy_pipeline.cli.cluster import worker
from energy_pipeline.cli.decision import acknowledge, approve, send
from energy_pipeline.cli.delta import delta
from energy_pipeline.cli.desk import desk_app
from energy_pipeline.cli.export import export
from energy_pipeline.cli.fetch import fetch, replay
from energy_pipeline.cli.pages import index
from energy_pipeline.cli.report import report
from energy_pipeline.cli.risk import risk_app
from energy_pipeline.cli.status import deadline, status
from energy_pipeline.cli.study import study_app
from energy_pipeline.cli.verify import verify

app = typer.Typer(
    no_args_is_help=True,
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The daily pipeline of a power-trading desk.",
)
DAILY = (flows.demo, flows.tune, flows.train, flows.run, flows.backfill, flows.settle, fetch, replay, audit, report, index, export, status, deadline)
for command in (*DAILY, approve, send, acknowledge, delta, verify, worker, tools.ui, tools.doctor, tools.docs, tools.warm):
    app.command()(command)
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(tools.bench)
app.command()(backtest)
app.command()(allocate)
for name, group in {"benchmark": benchmark_app, "book": book_app, "desk": desk_app, "risk": risk_app, "study": study_app}.items():
    app.add_typer(group, name=name)


@app.callback()
def every_command(
    version: Annotated[bool, typer.Option("--version", is_eager=True, help="Print the version of the code, with its commit, and leave.")] = False,
) -> None:
    """What every command understands."""
    if version:
        from energy_pipeline.orchestration.code_version import code_version

        print(code_version())
        raise typer.Exit


if __name__ == "__main__":
    app()
