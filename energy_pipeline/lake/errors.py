"""Typed errors of the lake and the warehouse.

What belongs here: what can go wrong with stored bytes. What does not: a frame that
breaks its contract (`ContractError`) or a day that is not there (`MissingDayError`).
"""

from __future__ import annotations

from collections.abc import Mapping

from energy_pipeline.domain.errors import PipelineError


class LakeError(PipelineError):
    """A file of the lake cannot be read as the table it should be."""

    def __init__(self, table: str, path: str, problem: str) -> None:
        self.table = table
        self.path = path
        super().__init__(f"table {table}, file {path}: {problem} -> delete the file and run the step that writes it again")


class PublishError(PipelineError):
    """The new warehouse was not swapped in; readers keep the last good one.

    Attributes
    ----------
    failures : dict of str to str
        What failed (a mart, a staging model, or a step of the swap) and why.
    """

    def __init__(self, failures: Mapping[str, str], next_step: str = "repair them and publish again") -> None:
        self.failures = dict(failures)
        lines = "\n".join(f"  - {name}: {why}" for name, why in self.failures.items())
        super().__init__(f"warehouse not published, the last good version stays: {len(self.failures)} failure(s)\n{lines}\n-> {next_step}")
