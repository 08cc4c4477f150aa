"""The command `energy-pipeline allocate`.

What belongs here: its options. What does not: the work (`studies.allocation_file`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from energy_pipeline.cli.options import console, plain_errors


def allocate(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="YAML; its keys: docs/portfolio.md, examples in docs/examples.")],
    data: Annotated[Path | None, typer.Option("--data", exists=True, file_okay=False, help="Folder of the data files; else that of FILE.")] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of the page, its charts and the positions as CSV.")] = Path("allocation"),
) -> None:
    """A product mix, or hourly contracts of exchanges, from a small file: every objective, with tables and charts."""
    from energy_pipeline.studies.allocation_file import study
    from energy_pipeline.studies.allocation_page import write

    with plain_errors():
        found = study(file, data)
        for answer in found.answers:
            shown = ", ".join(f"{key} {value:,.6g}" for key, value in answer.measures.items() if key != "sharpe") or f"no answer: {answer.said}"
            console.print(f"{answer.objective:18} {shown}", soft_wrap=True, highlight=False)
        console.print(str(write(found, out, file.stem)), soft_wrap=True)
