"""Bytes by path: the small interface the lake needs, and the local folder behind it.

What belongs here: whole files written atomically, listed, read, deleted. What does
not: Parquet, tables or days. The S3 side is in `s3`.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from energy_pipeline.lake.errors import writing

TEMPORARY_SUFFIX = ".tmp"


class Storage(Protocol):
    """Whole files by relative path, with `/` between folders.

    A reader sees the old file or the new one, never a half. Names that begin with a dot
    are ours (temporary files, locks) and are never listed.
    """

    workers: int
    guards_writers: bool
    """Whether sharing a guard keeps out who wants it alone; else only those who want it alone keep each other out."""

    def files(self, folder: str) -> list[str]:
        """Paths of all files anywhere below a folder, sorted; empty when there is none."""

    def read_bytes(self, path: str) -> bytes:
        """The whole file; FileNotFoundError when there is none."""

    def parquet_source(self, path: str) -> Path | io.BytesIO:
        """Something polars can read a Parquet footer from; FileNotFoundError when there is none."""

    def write_bytes(self, path: str, data: bytes, *, durable: bool = False) -> None:
        """Write the whole file atomically; `durable` also waits until it is on the disk."""

    def create_bytes(self, path: str, data: bytes) -> bool:
        """Write the whole file where there is none; False, and nothing is changed, where there is one: of many at once one succeeds."""

    def exists(self, path: str) -> bool:
        """Whether the file is there."""

    def delete(self, path: str) -> None:
        """Remove the file; nothing happens when it is gone."""

    def guard(self, folder: str, *, exclusive: bool) -> AbstractContextManager[None]:
        """Writers of a folder share the guard and never wait for each other; maintenance holds it alone."""

    def hold(self, path: str, holder: str) -> AbstractContextManager[object] | None:
        """A lock under a hidden name until it is closed or this process ends; None while another holds it."""

    def holder(self, path: str) -> str:
        """Who holds the lock, or held it last."""

    def sweep(self, folder: str) -> None:
        """Remove what killed writers left; only while holding the guard alone."""

    def location(self, path: str) -> str:
        """Where a path really is, for people."""


class LocalStorage:
    """A folder on this machine.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     storage = LocalStorage(Path(folder))
    ...     storage.write_bytes("a/b.txt", b"1")
    ...     storage.files("a"), storage.read_bytes("a/b.txt")
    (['a/b.txt'], b'1')
    """

    workers = 1
    guards_writers = True

    def __init__(self, root: Path) -> None:
        self.root = root

    def files(self, folder: str) -> list[str]:
        """Paths of all files anywhere below a folder, sorted; hidden ones left out."""
        found: list[str] = []
        pending = [folder]
        while pending:
            current = pending.pop()
            with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(self.root / current) as entries:
                for entry in entries:
                    if not entry.name.startswith("."):
                        (pending if entry.is_dir(follow_symlinks=False) else found).append(f"{current}/{entry.name}")
        return sorted(found)

    def read_bytes(self, path: str) -> bytes:
        """The whole file from one open file, so never a mixture of two versions."""
        return (self.root / path).read_bytes()

    def parquet_source(self, path: str) -> Path | io.BytesIO:
        """The path itself: a footer is read without the rest."""
        full = self.root / path
        if not full.exists():
            raise FileNotFoundError(path)
        return full

    def write_bytes(self, path: str, data: bytes, *, durable: bool = False) -> None:
        """Write beside, then rename over; the temporary name is unique to this call."""
        full = self.root / path
        temporary = full.with_name(f".{full.name}.{os.getpid()}-{secrets.token_hex(6)}{TEMPORARY_SUFFIX}")
        try:
            with writing(self.root, path):
                _write(temporary, data, durable)
                os.replace(temporary, full)  # noqa: PTH105 - the word for the one step that matters
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        if durable:
            _sync_folder(full.parent)

    def create_bytes(self, path: str, data: bytes) -> bool:
        """A link to a whole temporary file: the kernel refuses a name that is taken."""
        full = self.root / path
        temporary = full.with_name(f".{full.name}.{secrets.token_hex(8)}{TEMPORARY_SUFFIX}")
        try:
            with writing(self.root, path):
                _write(temporary, data, durable=True)
                os.link(temporary, full)
        except FileExistsError:
            return False
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(full.parent)
        return True

    def exists(self, path: str) -> bool:
        """Whether the file is there."""
        return (self.root / path).is_file()

    def delete(self, path: str) -> None:
        """Remove the file, and its folder when that is empty now."""
        full = self.root / path
        full.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            full.parent.rmdir()

    @contextlib.contextmanager
    def guard(self, folder: str, *, exclusive: bool) -> Iterator[None]:
        """A `flock` on `<folder>/.guard`, shared or alone; the kernel frees it when the holder dies."""
        path = self.root / folder / ".guard"
        with writing(self.root, folder):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = path.open("ab")
        with handle:
            fcntl.flock(handle, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
            yield

    def hold(self, path: str, holder: str) -> AbstractContextManager[object] | None:
        """A `flock` of its own, of which the kernel frees it when the holder dies; the file says who that is."""
        full = self.root / path
        while True:
            with writing(self.root, path):
                full.parent.mkdir(parents=True, exist_ok=True)
                lock = _Lock(os.open(full, os.O_RDWR | os.O_CREAT, 0o600))
            try:
                fcntl.flock(lock.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                return None
            if _is_same_file(lock.descriptor, full):
                break
            lock.close()  # its holder took it away between our opening and locking it
        lock.file = full
        os.ftruncate(lock.descriptor, 0)
        os.write(lock.descriptor, holder.encode())
        return contextlib.closing(lock)

    def holder(self, path: str) -> str:
        """What the holder said of itself."""
        with contextlib.suppress(FileNotFoundError):
            return (self.root / path).read_text(encoding="utf-8")
        return ""

    def sweep(self, folder: str) -> None:
        """Remove temporary files below the folder."""
        for leftover in (self.root / folder).rglob(f".*{TEMPORARY_SUFFIX}"):
            leftover.unlink(missing_ok=True)

    def location(self, path: str) -> str:
        """The path below the root as given."""
        return str(self.root / path)


class _Lock:
    """An open file that is locked as long as this is; `file`, where it is held, goes with it, but not with a fork of its process."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor, self.process = descriptor, os.getpid()
        self.file: Path | None = None

    def close(self) -> None:
        """Free the lock."""
        if self.descriptor >= 0:
            if self.file is not None and self.process == os.getpid():
                self.file.unlink(missing_ok=True)
            os.close(self.descriptor)
        self.descriptor = -1

    __del__ = close


def _is_same_file(descriptor: int, path: Path) -> bool:
    """Whether a path still is the file that is open."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _write(path: Path, data: bytes, durable: bool) -> None:
    try:
        handle = path.open("xb")
    except FileNotFoundError:  # the folder is new, or maintenance has just removed it empty
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("xb")
    with handle:
        handle.write(data)
        if durable:
            handle.flush()
            os.fsync(handle.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def storage_for(root: str | Path) -> Storage:
    """The storage behind a lake root: a local folder, or `s3://bucket/prefix`.

    >>> type(storage_for("data_lake")).__name__
    'LocalStorage'
    """
    text = str(root)
    if text.startswith("s3://"):
        from energy_pipeline.lake.s3 import S3Storage

        return S3Storage(text)
    if "://" in text:
        raise ValueError(f"lake root {text!r}: give a local folder or s3://bucket/prefix")
    return LocalStorage(Path(text))
