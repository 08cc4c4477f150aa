"""Commands about the installation: the web page, the doctor, generated pages, benchmarks.

What belongs here: `ui`, `doctor`, `docs`, `bench`, `warm`. What does not: flows (`flows`).
"""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from energy_pipeline.cli.options import DeskOption, LakeOption, WorkersOption, console, cores, plain_errors, problems, settings_of
from energy_pipeline.settings import Settings


def ui(
    desk: DeskOption = None,
    lake: LakeOption = None,
    host: Annotated[str, typer.Option("--host")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port")] = 3000,
) -> None:
    """Open Dagster's web page on the same state as the other commands; the pages of the days are served one port further."""
    from energy_pipeline.runner.instance import home_of, prepare_home

    with plain_errors():
        settings = settings_of(desk, lake)
        home = prepare_home(home_of(os.environ))
        given = {"DAGSTER_HOME": str(home), "ENERGY_PIPELINE_DESK": str(settings.desk_path), "ENERGY_PIPELINE_LAKE": str(settings.lake)}
        workspace = Path("workspace.yaml")
        target = ["-w", str(workspace)] if workspace.is_file() else ["-m", "energy_pipeline.definitions"]
        console.print(f"[bold]http://{host}:{port}[/bold]  (DAGSTER_HOME={home}; stop with Ctrl-C)")
        with pages_served(settings, host, port + 1) as address:
            if address:
                console.print(f"[bold]{address}[/bold]  the pages of the days", highlight=False)
                given["ENERGY_PIPELINE_PAGES"] = address
            command = [sys.executable, "-m", "dagster", "dev", *target, "-h", host, "-p", str(port)]
            with subprocess.Popen(command, env={**os.environ, **given}) as dagster:  # noqa: S603 - our own program
                signal.signal(signal.SIGTERM, lambda *_: dagster.terminate())
                while True:
                    try:
                        raise typer.Exit(dagster.wait())
                    except KeyboardInterrupt:  # Dagster heard it too and ends by itself
                        continue


@contextmanager
def pages_served(settings: Settings, host: str, port: int) -> Iterator[str]:
    """The address under which this process serves the pages of the days; empty for a lake in a bucket, or where the port is taken."""
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
    from threading import Thread

    from energy_pipeline.lake.layout import table_folder

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing: the terminal is Dagster's."""

    if "://" in str(settings.lake):
        yield ""
        return
    try:
        server = ThreadingHTTPServer((host, port), partial(Quiet, directory=str(Path(settings.lake) / table_folder("report"))))
    except OSError:
        problems.print(f"port {port} is taken: the pages are not served; energy-pipeline report DAY --open shows one")
        yield ""
        return
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def bench(context: typer.Context) -> None:
    """Measure, and write docs/benchmarks.md (needs a clone: the benchmarks live with the tests)."""
    module = "energy_pipeline_tests.benchmarks"
    if importlib.util.find_spec("energy_pipeline_tests") is None or importlib.util.find_spec(module) is None:
        problems.print("the benchmarks are not here -> run this in a clone of the project")
        raise typer.Exit(1)
    raise typer.Exit(subprocess.run([sys.executable, "-m", module, *context.args], check=False).returncode)  # noqa: S603 - our own module


def warm(workers: WorkersOption = None) -> None:
    """Compile every kernel ahead, so that no run has to: once after installing, and again after an update."""
    from energy_pipeline.runner.warming import warm as compiled

    count = sum(len(names) for names in compiled(workers or cores()))
    console.print(f"{count} kernels are compiled")


OnlineOption = Annotated[bool, typer.Option("--online", help="Also ask each live source once.")]


def doctor(desk: DeskOption = None, lake: LakeOption = None, online: OnlineOption = False) -> None:
    """Look at the desk file, its sources, the lake and Dagster's home, and say what is wrong."""
    from energy_pipeline.orchestration.resources import utc_now
    from energy_pipeline.runner.doctor import examine

    with plain_errors():
        table = Table("", "what", "found", title="doctor", show_lines=False)
        findings = examine(settings_of(desk, lake), os.environ, utc_now(), online=online)
        for finding in findings:
            table.add_row("[green]ok[/green]" if finding.ok else "[red]no[/red]", finding.what, finding.found)
        console.print(table)
        if not all(finding.ok for finding in findings):
            raise typer.Exit(1)


def docs(path: Annotated[Path, typer.Option("--to", help="Where the data dictionary goes.")] = Path("docs/data-dictionary.md")) -> None:
    """Write what is generated: views, plain marts and YAML of the SQL project, the data dictionary, the pages of desk keys and live sources."""
    from energy_pipeline.desk.reference import page as desk_keys
    from energy_pipeline.ingestion.connectors import CONNECTORS
    from energy_pipeline.ingestion.connectors.page import page
    from energy_pipeline.warehouse.dictionary import full_dictionary
    from energy_pipeline.warehouse.generated import write_files
    from energy_pipeline.warehouse.sql_project import SqlProject

    with plain_errors():
        root = Settings.load().sql_root
        for name in write_files(root):
            console.print(str(root / name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(full_dictionary(SqlProject(root)), encoding="utf-8")
        keys = path.with_name("desk-keys.md")
        keys.write_text(desk_keys(), encoding="utf-8")
        live = path.with_name("live-sources.md")
        live.write_text(page(CONNECTORS), encoding="utf-8")
        console.print(str(path))
        console.print(str(keys))
        console.print(str(live))
