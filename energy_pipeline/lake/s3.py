"""The lake on S3: a day is one whole object, put at once.

What belongs here: `Storage` over `pyarrow.fs.S3FileSystem`. What does not: anything
about tables. Endpoint, region and credentials come from the usual AWS_* variables.
"""

from __future__ import annotations

import contextlib
import io
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlsplit

LOOK_AGAIN_SECONDS = 0.2


class S3Storage:
    """Objects below `s3://bucket/prefix`.

    An object appears whole when its upload is complete, or not at all, so nothing needs
    renaming and a killed writer leaves nothing to be seen.
    """

    workers = 16
    guards_writers = False

    def __init__(self, url: str) -> None:
        from pyarrow import fs

        parts = urlsplit(url)
        if parts.scheme != "s3" or not parts.netloc:
            raise ValueError(f"lake root {url!r}: expected s3://bucket/prefix")
        self.url = url.rstrip("/")
        self._root = f"{parts.netloc}{parts.path}".rstrip("/")
        endpoint = urlsplit(os.environ.get("AWS_ENDPOINT_URL", ""))
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        self._region, self._endpoint = region, os.environ.get("AWS_ENDPOINT_URL") or f"https://s3.{region}.amazonaws.com"
        self._fs = fs.S3FileSystem(endpoint_override=endpoint.netloc or None, scheme=endpoint.scheme or "https", region=region)
        self._selector = fs.FileSelector
        self._file_type = fs.FileType.File

    def _key(self, path: str) -> str:
        return f"{self._root}/{path}"

    def files(self, folder: str) -> list[str]:
        """Paths of all objects below a folder, sorted; hidden ones left out."""
        selector = self._selector(self._key(folder), allow_not_found=True, recursive=True)
        found = [info.path.removeprefix(f"{self._root}/") for info in self._fs.get_file_info(selector) if info.type == self._file_type]
        return sorted(path for path in found if not path.rsplit("/", 1)[-1].startswith("."))

    def read_bytes(self, path: str) -> bytes:
        """The whole object; FileNotFoundError when there is none."""
        with self._fs.open_input_file(self._key(path)) as handle:
            data: bytes = handle.read()
        return data

    def parquet_source(self, path: str) -> Path | io.BytesIO:
        """The object in memory."""
        return io.BytesIO(self.read_bytes(path))

    def write_bytes(self, path: str, data: bytes, *, durable: bool = False) -> None:  # noqa: ARG002 - S3 always is
        """Put the whole object."""
        with self._fs.open_output_stream(self._key(path)) as handle:
            handle.write(data)

    def create_bytes(self, path: str, data: bytes) -> bool:
        """Put the whole object on condition that there is none, which the server decides (`s3_condition`).

        Without keys in the environment (a machine's role signs inside pyarrow) nobody can sign the condition: then we look, and put.
        """
        from energy_pipeline.lake.s3_condition import Keys, put_if_absent

        keys = Keys.of(os.environ)
        if keys is not None:
            return put_if_absent(self._endpoint, self._region, self._key(path), data, keys)
        if self.exists(path):
            return False
        self.write_bytes(path, data)
        return True

    def exists(self, path: str) -> bool:
        """Whether the object is there."""
        return bool(self._fs.get_file_info(self._key(path)).type == self._file_type)

    def delete(self, path: str) -> None:
        """Remove the object; nothing happens when it is gone."""
        with contextlib.suppress(FileNotFoundError):
            self._fs.delete_file(self._key(path))

    @contextlib.contextmanager
    def guard(self, folder: str, *, exclusive: bool) -> Iterator[None]:
        """Those who want the folder alone take turns by a lease; writers hold nothing, which would cost each of them five requests."""
        held: AbstractContextManager[object] | None = None if exclusive else contextlib.nullcontext()
        while held is None and (held := self.hold(f"{folder}/.guard", f"process {os.getpid()}")) is None:
            time.sleep(LOOK_AGAIN_SECONDS)
        with held:
            yield

    def hold(self, path: str, holder: str) -> AbstractContextManager[object] | None:
        """An object that is renewed while its holder lives (`s3_lease`); None while another holds it."""
        from energy_pipeline.lake.s3_lease import take

        return take(self, path, holder)

    def holder(self, path: str) -> str:
        """What the holder said of itself."""
        from energy_pipeline.lake.s3_lease import read

        held = self.numbered(path)
        return read(self, held[-1])[0] if held else ""

    def numbered(self, path: str) -> list[str]:
        """Objects named `<path>.<number>`, ascending; hidden ones too."""
        folder = path.rpartition("/")[0]
        infos = self._fs.get_file_info(self._selector(self._key(folder), allow_not_found=True))
        found = [info.path.removeprefix(f"{self._root}/") for info in infos]
        return sorted(p for p in found if p.rpartition(".")[0] == path and p.rpartition(".")[2].isdigit())

    def sweep(self, folder: str) -> None:
        """Nothing: an unfinished upload is never visible."""

    def location(self, path: str) -> str:
        """The object's URL."""
        return f"{self.url}/{path}"
