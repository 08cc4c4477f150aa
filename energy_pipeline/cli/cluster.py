"""Workers of a cluster.

What belongs here: the command `worker`, and who works at the broker. What does not: what a worker does (`runner.cluster`).
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Annotated

import typer

from energy_pipeline.cli.options import DeskOption, LakeOption, plain_errors, settings_of

if TYPE_CHECKING:
    from energy_pipeline.settings import Settings


def worker(
    desk: DeskOption = None,
    lake: LakeOption = None,
    name: Annotated[str, typer.Option("--name", help="What it is called among the workers of the broker.")] = "one",
) -> None:
    """Work for `backfill --cluster` of any host: a worker of the broker ENERGY_PIPELINE_BROKER, until Ctrl-C."""
    from energy_pipeline.runner.cluster import serve
    from energy_pipeline.runner.instance import home_of, prepare_home

    with plain_errors():
        settings = settings_of(desk, lake)
        serve(settings, prepare_home(home_of(os.environ)), broker_of(settings), f"{name}@{socket.gethostname()}")


def broker_of(settings: Settings) -> str:
    """The broker's address; BadParameter without one."""
    if settings.broker is None:
        raise typer.BadParameter("set ENERGY_PIPELINE_BROKER to the broker's address, such as redis://host:6379/0")
    return settings.broker.get_secret_value()


def crew_of(settings: Settings) -> list[str]:
    """Every worker that answers; ClusterError where none does."""
    from energy_pipeline.runner.cluster import STEP, ClusterError, present

    names = present(broker_of(settings))
    if not names:
        raise ClusterError(f"no worker answers at the broker -> {STEP}")
    return names
