"""Typed errors of the lake and the warehouse.

What belongs here: what can go wrong with stored bytes. What does not: a frame that
breaks its contract (`ContractError`) or a day that is not there (`MissingDayError`).
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from energy_pipeline.contracts import Table
from energy_pipeline.domain.errors import PipelineError


class LakeError(PipelineError):
    """A file of the lake cannot be read as the table it should be.

    Attributes
    ----------
    table, path : str
    day : str
        Day or month the file is of.
    """

    def __init__(self, contract: Table, path: str, problem: str, next_step: str = "") -> None:
        self.table, self.path = contract.name, path
        found = re.search(r"(day|month)=(\d{4}-\d{2}(?:-\d{2})?)", path.replace("date=", "day="))
        self.day = " ".join(found.groups()) if found else "unknown day"
        super().__init__(f"table {contract.name}, {self.day}, file {path}: {problem} -> {next_step or _again(contract, path)}")


def _again(contract: Table, path: str) -> str:
    """What to do about damaged bytes: only what is computed again may be deleted."""
    if contract.adds_up or "/versions/" in path:
        return "move the file out of the lake, keep it, and put its backup in its place: no run brings it back"
    return f"delete the file and run the {contract.flow} flow for its days again"


class DamagedFileError(LakeError):
    """A file's bytes are not those that were written: a changed bit, a truncated file."""


class MisplacedFileError(LakeError):
    """A file is whole but lies in the place of another: another day's, or under a name that is not its content's."""


class SchemaVersionError(LakeError):
    """A file was written with a schema of its table that this package cannot read.

    Attributes
    ----------
    found, known : int
        Schema version in the file's footer, and that of the contract.
    """

    def __init__(self, contract: Table, path: str, found: int, problem: str) -> None:
        self.found, self.known = found, contract.version
        about = f"has schema version {found}, this package knows version {self.known} of the table{problem}"
        super().__init__(contract, path, about, self._next_step(contract, path))

    def _next_step(self, contract: Table, path: str) -> str:
        if self.found > self.known:
            return "install the version of energy-pipeline that wrote it, or a later one; the file is as it should be"
        if contract.adds_up or "/versions/" in path:
            return "keep the file: the version of energy-pipeline that wrote it reads it; or let the contract say how (`since`, `default`)"
        return f"run the {contract.flow} flow for its days again: they are computed anew"


class DiskError(PipelineError):
    """Nothing could be written: the disk is full, or the place is not ours to write to.

    Attributes
    ----------
    path : str
        Below the lake's root; it names table and day.
    """

    def __init__(self, root: str, path: str, error: OSError) -> None:
        self.path = path
        found = re.search(r"([a-z_0-9]+)/(?:(date|month)=(\d{4}-\d{2}(?:-\d{2})?))/", f"{path}/")
        about = f"table {found.group(1)}, {'day' if found.group(2) == 'date' else 'month'} {found.group(3)}" if found else path
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        step = "make room on the lake's disk" if full else "give this account the right to write to the lake, or choose another lake (--lake)"
        said = os.strerror(error.errno).lower() if error.errno else str(error)
        super().__init__(f"{about}: not written, {said}, in {root} -> {step}, and run again; what was there before is whole")


UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM})
"""What the system answers where nothing can be written."""


@contextmanager
def writing(root: object, path: str) -> Iterator[None]:
    """A disk that takes nothing more is a `DiskError`; any other error stays what it is."""
    try:
        yield
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        raise DiskError(str(root), path, error) from error


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
