"""Who writes a delivery day of a flow: one run at a time.

What belongs here: taking days, and what is said when another run has them. What does not: for how long (`orchestration`).

In a folder a lease is the kernel's lock on a file, which ends with its holder however that ends. On S3 it is an object that
its holder renews: it runs out three minutes after its holder died (`s3_lease`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import date

from energy_pipeline.contracts.model import stage_folder
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.lake.storage import Storage

FOLDER = f"{stage_folder('reporting')}/_leases"
FLOWS = ("decide", "settle_da", "settle_final")
"""Flows whose days are held while a run writes them; what ingest adds stands for itself."""
LOOK_AGAIN_SECONDS = 0.5
PATIENCE_SECONDS = 900.0


class DayTakenError(PipelineError):
    """Another run writes a delivery day of a flow, and did not end in time."""


def take(
    storage: Storage,
    days: Sequence[tuple[date, str]],
    holder: str,
    told: Callable[[str], None] = lambda _: None,
    *,
    patience_seconds: float = PATIENCE_SECONDS,
) -> AbstractContextManager[object]:
    """Hold days of flows until what is given back is closed, or this process ends.

    Days are taken in order, whoever takes them, so that two runs never wait for each other.

    Parameters
    ----------
    days : sequence of (day, flow)
    holder : str
        Who takes them, for those who then wait; after the last comma the process.
    told : callable
        Told once whom we wait for.

    Raises
    ------
    DayTakenError
        When another run still holds one of them after the patience; nothing is held then.
    """
    with ExitStack() as held:
        for day, flow in sorted(set(days)):
            waited = 0.0
            while (lease := storage.hold(path := _path(day, flow), holder)) is None:
                text = f"{day}, {flow}: {storage.holder(path) or 'another run'} writes this day"
                ours = storage.holder(path).rpartition(", ")[2] == holder.rpartition(", ")[2]
                if waited >= patience_seconds or ours:  # nobody waits for himself
                    raise DayTakenError(f"{text} -> run again when it has ended, or end that process: the lease ends with it")
                if waited == 0.0:
                    told(f"{text}; waiting until it ends")
                time.sleep(LOOK_AGAIN_SECONDS)
                waited += LOOK_AGAIN_SECONDS
            held.enter_context(lease)
        return held.pop_all()


@contextmanager
def free(storage: Storage, days: Iterable[date], flow: str, holder: str) -> Iterator[set[date]]:
    """Hold those days of a flow that nobody holds, for the length of a block; nobody is waited for."""
    with ExitStack() as held:
        found = set()
        for day in sorted(days):
            if (own := storage.hold(_path(day, flow), holder)) is not None:
                held.enter_context(own)
                found.add(day)
        yield found


def is_held(storage: Storage, day: date, flow: str) -> bool:
    """Whether somebody holds a day of a flow now."""
    lease = storage.hold(_path(day, flow), "")
    if lease is None:
        return True
    with lease:
        return False


def _path(day: date, flow: str) -> str:
    return f"{FOLDER}/.{day.isoformat()}.{flow}"
