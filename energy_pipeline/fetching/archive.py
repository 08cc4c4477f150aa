"""The archive of raw answers: kept as they came, before anything reads them.

What belongs here: where an answer lies, what is kept beside it, and reading it back. What does not: asking (`client`), what
an answer means for a day (`ingestion.live`).

    00_answers/bodies/<ab>/<sha256>.gz                                         a body, once
    00_answers/<source>/<dataset>/<subject>/<received>_<start>_<end>_<status>_<sha>.json   an answer: request, instant, headers

Append only: nothing is ever changed or removed. An answer 304 names the body that is still right.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.ingestion.connectors.contract import Answer, Connector, NotYet, Pairs, Parsed, Request, Rows
from energy_pipeline.ingestion.connectors.parts import joined
from energy_pipeline.ingestion.live import Look
from energy_pipeline.lake.storage import Storage

FOLDER = "00_answers"
KEPT_HEADERS = ("content-type", "date", "etag", "last-modified", "retry-after", "age", "x-ratelimit-limit", "x-ratelimit-remaining")
"""Headers worth keeping; everything else could hold a secret or a cookie."""

_STAMP = "%Y%m%dT%H%M%S%fZ"
_SPAN = "%Y%m%dT%H%MZ"
_NAME = re.compile(r"(\d{8}T\d{12}Z)_(\d{8}T\d{4}Z)_(\d{8}T\d{4}Z)_(\d{3})_([0-9a-f]{16})\.json")
_MOST_PARSED = 4096
_NOT_MODIFIED = 304


class ArchiveError(PipelineError):
    """An archived answer is not what its name says."""


@dataclass(frozen=True)
class Kept:
    """An archived answer by its name alone: nothing is opened to know this."""

    path: str
    received_at: datetime
    start: datetime
    end: datetime
    status: int


class AnswerArchive:
    """The answers below a lake's root.

    Parameters
    ----------
    storage : Storage
        Of the lake.
    """

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self._parsed: OrderedDict[str, tuple[Answer, Parsed]] = OrderedDict()

    def keep(self, answer: Answer, same_as: Answer | None = None) -> str:
        """Write an answer; `same_as` is the answer whose body a 304 stands for. The path of its record."""
        body = same_as if same_as is not None else answer
        place = _body_path(body.sha256)
        if not self.storage.exists(place):
            self.storage.write_bytes(place, gzip.compress(body.body, compresslevel=6, mtime=0), durable=True)
        name = f"{answer.received_at:{_STAMP}}_{answer.request.start:{_SPAN}}_{answer.request.end:{_SPAN}}_{answer.status}_{body.sha256[:16]}"
        path = f"{_folder(answer.request.source, answer.request.dataset, answer.request.key)}/{name}.json"
        if self.storage.exists(path):
            raise ArchiveError(f"{path} is there already: two answers of one instant, or a clock that went back")
        self.storage.write_bytes(path, _record(answer, body.sha256), durable=True)
        return path

    def kept(self, source: str, dataset: str, key: Pairs) -> list[Kept]:
        """Answers to a question, by instant of receipt."""
        return self._listed(_folder(source, dataset, key))

    def sources(self) -> list[str]:
        """Sources with answers."""
        return sorted({p.split("/")[1] for p in self.storage.files(FOLDER)} - {"bodies"})

    def all_of(self, source: str) -> list[Kept]:
        """Every answer of a source, by instant of receipt."""
        return self._listed(f"{FOLDER}/{source}")

    def _listed(self, folder: str) -> list[Kept]:
        found = []
        for path in self.storage.files(folder):
            match = _NAME.fullmatch(path.rpartition("/")[2])
            if match is None:
                raise ArchiveError(f"{path} is no name of an answer -> nothing but fetch writes below {FOLDER}")
            received, start, end = (
                datetime.strptime(t, f).replace(tzinfo=UTC) for t, f in zip(match.groups()[:3], (_STAMP, _SPAN, _SPAN), strict=True)
            )
            found.append(Kept(path, received, start, end, int(match[4])))
        return sorted(found, key=lambda k: (k.received_at, k.path))

    def read(self, kept: Kept) -> Answer:
        """An answer as it was received; of a 304 the answer it confirms, at the instant of the confirmation.

        Raises
        ------
        ArchiveError
            When the record or its body is gone or not what it was.
        """
        try:
            record = json.loads(self.storage.read_bytes(kept.path))
            body = gzip.decompress(self.storage.read_bytes(_body_path(record["sha256"])))
        except (OSError, EOFError, ValueError, KeyError) as error:
            raise ArchiveError(f"{kept.path}: cannot be read ({error}) -> restore it from a copy of the lake") from error
        if hashlib.sha256(body).hexdigest() != record["sha256"]:
            raise ArchiveError(f"{kept.path}: its body is not what was received -> restore it from a copy of the lake")
        return Answer(
            request=_request(record["request"]),
            received_at=kept.received_at,
            status=200 if kept.status == _NOT_MODIFIED else kept.status,
            headers=_pairs(record["headers"]),
            body=body,
        )

    def parsed(self, connector: Connector, kept: Kept) -> tuple[Answer, Parsed]:
        """An answer and what it says; remembered by this process, as neither ever changes."""
        if kept.path not in self._parsed:
            answer = self.read(kept)
            self._parsed[kept.path] = replace(answer, body=b""), connector.parse(answer)
            if len(self._parsed) > _MOST_PARSED:
                self._parsed.popitem(last=False)
        return self._parsed[kept.path]

    def forget(self) -> None:
        """Parse everything again: after a parser changed."""
        self._parsed.clear()

    def looks(self, connector: Connector, dataset: str, key: Pairs, start: datetime, end: datetime) -> Sequence[Look]:
        """Answers with rows or the word that there are none, which overlap [start, end); parts of a series as their sum."""
        return list(joined(self._looks(connector, dataset, key, start, end)))

    def _looks(self, connector: Connector, dataset: str, key: Pairs, start: datetime, end: datetime) -> Iterator[Look]:
        for kept in self.kept(connector.source, dataset, key):
            if kept.start < end and start < kept.end:
                answer, parsed = self.parsed(connector, kept)
                if isinstance(parsed, Rows | NotYet):
                    yield Look(kept.received_at, kept.start, kept.end, answer.request.params, parsed)


def _folder(source: str, dataset: str, key: Pairs) -> str:
    """One folder a question: readable, and told apart by a hash."""
    text = "_".join(value for _, value in key)
    slug = re.sub(r"[^A-Za-z0-9.=+-]+", "-", text).strip("-.")[:60]
    return f"{FOLDER}/{source}/{dataset}/{slug or 'all'}-{hashlib.sha256(repr(key).encode()).hexdigest()[:8]}"


def _body_path(sha256: str) -> str:
    return f"{FOLDER}/bodies/{sha256[:2]}/{sha256}.gz"


def _record(answer: Answer, sha256: str) -> bytes:
    request = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in asdict(answer.request).items()}
    record = {
        "request": request,
        "received_at": answer.received_at.isoformat(),
        "status": answer.status,
        "headers": [pair for pair in answer.headers if pair[0] in KEPT_HEADERS],
        "sha256": sha256,
        "body_bytes": len(answer.body),
    }
    return json.dumps(record, indent=1, ensure_ascii=False).encode()


def _request(record: dict[str, object]) -> Request:
    fields = {**record, "key": _pairs(record["key"]), "params": _pairs(record["params"])}
    fields |= {name: datetime.fromisoformat(str(record[name])) for name in ("start", "end")}
    return Request(**fields)  # type: ignore[arg-type]


def _pairs(value: object) -> Pairs:
    return tuple((str(name), str(text)) for name, text in value)  # type: ignore[attr-defined]
