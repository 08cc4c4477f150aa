"""The client: one request out, one answer in the archive, again where that helps.

What belongs here: sending, waiting, retrying, conditional requests, keeping secrets out of what is kept. What does not: which
requests (`fetch`), what an answer means (the connectors).

Every answer is archived before it is parsed, also those that ask for patience. tenacity holds the retries: its sleep and its
waits are given from outside, so a test counts seconds on a clock of its own.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.fetching.archive import AnswerArchive
from energy_pipeline.fetching.quota import Clock, Limiter
from energy_pipeline.fetching.secrets import Secrets
from energy_pipeline.ingestion.connectors.contract import (
    Answer,
    Changed,
    Connector,
    Pairs,
    Parsed,
    Request,
    Throttled,
    Unauthorised,
    Unavailable,
)

if TYPE_CHECKING:
    from tenacity import RetryCallState

TIMEOUT_SECONDS = 60.0
_LARGEST_BODY = 512 * 1024 * 1024


class TransportError(PipelineError):
    """No answer came: no connection, cut in the middle, or too slow; `reached` is False where no connection came."""

    def __init__(self, reason: str, reached: bool = True) -> None:
        self.reached = reached
        super().__init__(reason)


class Transport(Protocol):
    """Sends; a test gives its own."""

    def send(self, method: str, url: str, params: Pairs, headers: Mapping[str, str]) -> tuple[int, Pairs, bytes]:
        """Status, headers (lower-case names) and body; TransportError where none came."""


def _no_addresses(record: logging.LogRecord) -> bool:
    """Httpx tells each whole address at INFO, and a token may be a part of it."""
    return record.levelno >= logging.WARNING


class HttpxTransport:
    """httpx with one connection pool; it follows no redirect to another host."""

    def __init__(self, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        import httpx

        logging.getLogger("httpx").addFilter(_no_addresses)
        self._client = httpx.Client(timeout=timeout_seconds, follow_redirects=False, headers={"user-agent": "energy-pipeline"})

    def send(self, method: str, url: str, params: Pairs, headers: Mapping[str, str]) -> tuple[int, Pairs, bytes]:
        """One request; its address, which holds the token, is in no message."""
        import httpx

        try:
            found = self._client.request(method, url, params=list(params), headers=dict(headers))
        except httpx.HTTPError as error:
            raise TransportError(f"{url}: {type(error).__name__}", not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)) from None
        if len(found.content) > _LARGEST_BODY:
            raise TransportError(f"{url}: the body is larger than {_LARGEST_BODY} bytes")
        return found.status_code, tuple((k.lower(), v) for k, v in found.headers.items()), found.content


@dataclass(frozen=True)
class Patience:
    """How often and how long.

    Attributes
    ----------
    attempts : int
        Requests at most for one question.
    unreached_attempts : int
        The same where not even a connection comes: no route is rarely a matter of seconds.
    first_seconds, most_seconds : float
        Backoff doubles from the first to the most, with up to as much jitter on top.
    longest_wait_seconds : float
        A source that asks for more patience than this is left alone for now.
    """

    attempts: int = 4
    unreached_attempts: int = 2
    first_seconds: float = 2.0
    most_seconds: float = 60.0
    longest_wait_seconds: float = 900.0


class Client:
    """Asks sources and keeps what they say.

    Parameters
    ----------
    archive : AnswerArchive
    secrets : Secrets
    clock : Clock
    transport : Transport
    hosts : mapping, optional
        Address by `source` or `source.host`, instead of the source's own (a mirror, a test server).
    patience : Patience
    budget : int
        Requests at most to each source in this client's life: a morning.
    seed : int, optional
        Of the jitter, for tests.

    Attributes
    ----------
    listener : callable, optional
        Told (seconds, reason) before each wait.
    """

    def __init__(
        self,
        archive: AnswerArchive,
        secrets: Secrets,
        clock: Clock,
        transport: Transport,
        hosts: Mapping[str, str] | None = None,
        patience: Patience | None = None,
        budget: int = 1000,
        seed: int | None = None,
    ) -> None:
        self.archive = archive
        self.clock = clock
        self.listener: Callable[[float, str], None] | None = None
        self._secrets = secrets
        self._transport = transport
        self._hosts = dict(hosts or {})
        self._patience = patience or Patience()
        self._budget = budget
        self._limiters: dict[str, Limiter] = {}
        self._jitter = random.Random(seed)  # noqa: S311 - spreads retries, guards nothing

    def limiter(self, connector: Connector) -> Limiter:
        """The source's limiter; what other processes asked before counts, as the archive tells."""
        if connector.source not in self._limiters:
            longest = max((seconds for _, seconds in connector.quota.windows), default=0.0)
            now = self.clock.now()
            recent = [k for k in self.archive.all_of(connector.source) if (now - k.received_at).total_seconds() <= longest]
            sent = [(k.received_at, self.archive.read(k).request.weight) for k in recent]
            limiter = self._limiters[connector.source] = Limiter(connector.quota, self.clock, sent, self._budget)
            if recent and recent[-1].status == 429:
                limiter.ban(max(0.0, connector.quota.ban_seconds - (now - recent[-1].received_at).total_seconds()))
        return self._limiters[connector.source]

    def configured(self, connector: Connector) -> str | None:
        """What is missing to ask the source, in words; None when nothing is."""
        names = [c.name for c in connector.credentials.values() if c.required and self._secrets.get(c.name) is None]
        found = [f"no {name}: set ENERGY_PIPELINE_{name.upper()} or name a file in ENERGY_PIPELINE_SECRETS" for name in names]
        return "; ".join(found) or None

    def ask(self, connector: Connector, request: Request, previous: Answer | None = None) -> Parsed:
        """What the source says, once it has been kept; `previous` makes the request a conditional one.

        Raises
        ------
        BudgetSpentError
        """
        import tenacity

        missing = self.configured(connector)
        if request.credential is not None and missing is not None:
            return Unauthorised(missing)
        banned = self.limiter(connector).banned_seconds()
        if banned > self._patience.longest_wait_seconds:
            return Throttled(f"{connector.source} asked for {banned:.0f} s of patience", banned)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_result(self._worth_asking_again),
            stop=lambda state: state.attempt_number >= self._attempts(state.outcome.result() if state.outcome else None),
            before_sleep=self._tell,
            wait=lambda state: self._wait(connector, state.attempt_number, state.outcome.result() if state.outcome else None),
            sleep=self.clock.sleep,
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
        )
        found: Parsed = retrying(self._once, connector, request, previous)
        if isinstance(found, Throttled):
            self.limiter(connector).ban(found.wait_seconds)
        return found

    def _once(self, connector: Connector, request: Request, previous: Answer | None) -> Parsed:
        self.limiter(connector).admit(request.weight)
        params, headers = request.params, _conditions(previous)
        if request.credential is not None:
            credential = connector.credentials[request.credential]
            secret = self._secrets.get(credential.name)
            if secret is not None and credential.place == "query":
                params = (*params, (credential.parameter, secret))
            elif secret is not None:
                headers[credential.parameter] = secret
        own = self._hosts.get(f"{connector.source}.{request.host}") or self._hosts.get(connector.source)
        url = (own or connector.hosts[request.host]).rstrip("/") + request.path
        try:
            status, found, body = self._transport.send(request.method, url, params, headers)
        except TransportError as error:
            return Unavailable(self._secrets.redacted(str(error)), error.reached)
        kept = tuple((name, self._secrets.redacted(value)) for name, value in found)
        answer = Answer(request, self.clock.now(), status, kept, self._secrets.redacted_bytes(body))
        same = previous if status == 304 else None
        self.archive.keep(answer, same)
        return connector.parse(replace(same, request=request, received_at=answer.received_at) if same is not None else answer)

    def _tell(self, state: RetryCallState) -> None:
        found = state.outcome.result() if state.outcome else None
        if self.listener is not None and state.next_action is not None and isinstance(found, Unavailable | Changed | Throttled):
            self.listener(found.wait_seconds or 0.0 if isinstance(found, Throttled) else state.next_action.sleep, found.reason)

    def _attempts(self, found: Parsed | None) -> int:
        unreached = isinstance(found, Unavailable) and not found.reached
        return self._patience.unreached_attempts if unreached else self._patience.attempts

    def _worth_asking_again(self, found: Parsed) -> bool:
        if isinstance(found, Throttled):
            return (found.wait_seconds or 0.0) <= self._patience.longest_wait_seconds
        return isinstance(found, Unavailable | Changed)

    def _wait(self, connector: Connector, attempt: int, found: Parsed | None) -> float:
        """Seconds before the next attempt: as the source says, its ban, or a backoff with jitter."""
        if isinstance(found, Throttled):
            self.limiter(connector).ban(found.wait_seconds)
            return 0.0  # the limiter waits
        base: float = min(self._patience.first_seconds * 2 ** (attempt - 1), self._patience.most_seconds)
        return base * (1 + self._jitter.random())


def _conditions(previous: Answer | None) -> dict[str, str]:
    """Headers by which a source may answer that nothing changed."""
    if previous is None:
        return {}
    names = {"etag": "if-none-match", "last-modified": "if-modified-since"}
    return {sent: value for name, sent in names.items() if (value := previous.header(name))}
