"""The command group `energy-pipeline desk`: help with writing a desk file.

What belongs here: options and messages. What does not: the schema and the templates (`energy_pipeline.desk`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from energy_pipeline.domain.errors import PipelineError

desk_app = typer.Typer(no_args_is_help=True, help="Help with writing a desk file: its JSON Schema, ready entries.")
problems = Console(stderr=True)


@desk_app.callback()
def group() -> None:
    """Help with writing a desk file: its JSON Schema, ready entries."""


@desk_app.command()
def schema(to: Annotated[Path | None, typer.Option("--to", help="Write it to this file instead of printing it.")] = None) -> None:
    """Print the JSON Schema of a desk file, from which an editor completes and checks YAML."""
    from energy_pipeline.desk.schema import schema_text

    if to is None:
        typer.echo(schema_text(), nl=False)
        return
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(schema_text(), encoding="utf-8")
    typer.echo(str(to))


@desk_app.command()
def template(
    name: Annotated[str | None, typer.Argument(help="Left out: the list of templates.")] = None,
    zone: Annotated[str, typer.Option("--zone", help="Zone of your desk, for ZONE.")] = "ZONE",
    plant: Annotated[str, typer.Option("--plant", help="Plant of your desk, for PLANT.")] = "PLANT",
) -> None:
    """Print ready entries to copy into a desk file."""
    from energy_pipeline.desk.templates import TEMPLATES, template_text

    try:
        if name is None:
            for each in TEMPLATES:
                typer.echo(f"{each:<14} {template_text(each).splitlines()[0].lstrip('# ')}")
            return
        typer.echo(template_text(name).replace("ZONE", zone).replace("PLANT", plant), nl=False)
    except PipelineError as error:
        problems.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None
