"""A server on loopback that speaks the sources' formats, from a made-up world, with faults to switch.

What belongs here: the socket, and where a fault stands between the world and the wire. What does not: faults' meaning
(`faults`), the answers (`generated.world`).

    with ReplayServer(world) as server:
        hosts = server.hosts(ENTSOE)      # for the client, instead of the sources' own addresses
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from energy_pipeline.ingestion.connectors.contract import Connector
from energy_pipeline_tests.fetching.generated.world import Reply, World

Fault = Callable[[Reply], Reply | None]
"""What becomes of a right answer on its way; None: the connection is cut without a word."""


@dataclass(frozen=True)
class Slow(Reply):
    """An answer that does not come before the server closes."""


class ReplayServer:
    """Serves a world, or a world of its own for a source; `fail(source, fault, times)` spoils its next answers.

    A fault's `source` is a connector's name, or `open_meteo.archive` for one of its hosts.

    The first part of a path is the source, the second the host's name: /open_meteo/archive/v1/archive.
    """

    def __init__(self, world: World, own: Mapping[str, World] | None = None) -> None:
        self._worlds = {"": world, **(own or {})}
        self._closed = threading.Event()
        self.sent: list[tuple[str, int]] = []
        self._faults: dict[str, tuple[Fault, int]] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def hosts(self, *connectors: Connector) -> dict[str, str]:
        """Addresses by `source.host`, as the client takes them."""
        return {f"{c.source}.{host}": f"{self.url}/{c.source}/{host}" for c in connectors for host in c.hosts}

    def fail(self, source: str, fault: Fault, times: int = 1_000_000) -> None:
        """Spoil the next `times` answers of a source."""
        self._faults[source] = (fault, times)

    def is_slow(self, address: str) -> bool:
        """Whether the next answer at an address is one that does not come."""
        source, host = urlsplit(address).path.lstrip("/").split("/")[:2]
        fault, times = self._faults.get(source, self._faults.get(f"{source}.{host}", (None, 0)))
        return fault is not None and times > 0 and isinstance(fault(Reply(200, b"")), Slow)

    def wait(self) -> None:
        """Until the server closes."""
        self._closed.wait()

    def answer(self, source: str, host: str, path: str, params: Mapping[str, str]) -> Reply | None:
        """The answer with what is wrong with it."""
        with self._lock:
            reply: Reply | None = self._worlds.get(source, self._worlds[""]).reply(source, host, path, params)
            name = source if source in self._faults else f"{source}.{host}"
            fault, times = self._faults.get(name, (None, 0))
            if fault is not None and times > 0 and reply is not None:
                self._faults[name] = (fault, times - 1)
                reply = fault(reply)
            self.sent.append((source, reply.status if reply is not None else 0))
            return reply


def _handler(owner: ReplayServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            target = urlsplit(self.path)
            source, host, path = target.path.lstrip("/").split("/", 2)
            reply = owner.answer(source, host, f"/{path}", dict(parse_qsl(target.query)))
            if isinstance(reply, Slow):
                owner.wait()
            if reply is None or isinstance(reply, Slow):
                self.close_connection = True
                return
            self.send_response(reply.status)
            declared = str(len(reply.body))
            for name, value in {"content-type": reply.content_type, "content-length": declared, **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            """Quiet: a test reads `sent`."""

    return Handler
