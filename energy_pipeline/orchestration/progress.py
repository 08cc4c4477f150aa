"""Who is told when a step finishes a day: the command line's progress bars.

What belongs here: the listener of the current run. What does not: drawing anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from typing import Protocol

from energy_pipeline.domain.errors import PipelineError


class Listener(Protocol):
    """Told about every finished (step, day), and about every failure."""

    def done(self, step: str, day: date | None) -> None:
        """A step finished a day (None: an unpartitioned step finished)."""

    def failed(self, step: str, error: PipelineError) -> None:
        """A step failed."""


_listener: ContextVar[Listener | None] = ContextVar("energy_pipeline_listener", default=None)


@contextmanager
def listening(listener: Listener | None) -> Iterator[None]:
    """Report to `listener` while the block runs."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def reporting(step: str) -> Iterator[None]:
    """Tell the listener about a `PipelineError` that leaves the block, and let it go on."""
    try:
        yield
    except PipelineError as error:
        listener = _listener.get()
        if listener is not None:
            listener.failed(step, error)
        raise


def done(step: str, day: date | None) -> None:
    """Tell the listener, if there is one."""
    listener = _listener.get()
    if listener is not None:
        listener.done(step, day)
