"""How fast a source may be asked: its windows, gaps and bans, and the desk's budget of a morning.

What belongs here: counting and waiting on a clock that is given. What does not: sending (`client`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.ingestion.connectors.contract import Quota


class BudgetSpentError(PipelineError):
    """The requests that one morning may cost are spent."""


@dataclass(frozen=True)
class Clock:
    """What time it is, and waiting."""

    now: Callable[[], datetime]
    sleep: Callable[[float], None]


class Limiter:
    """One source's quota on a clock.

    Parameters
    ----------
    quota : Quota
    clock : Clock
    sent : iterable of (instant, weight)
        What was asked before this process began, by instant.
    budget : int
        Requests at most that this limiter lets through.
    """

    def __init__(self, quota: Quota, clock: Clock, sent: Iterable[tuple[datetime, float]] = (), budget: int = 1000) -> None:
        self.quota = quota
        self._clock = clock
        self._sent = deque(sent)
        self._banned_until: datetime | None = None
        self.budget = budget
        self.asked = 0

    def admit(self, weight: float = 1.0) -> None:
        """Wait until a request of this weight may be sent, and count it.

        Raises
        ------
        BudgetSpentError
        """
        if self.asked >= self.budget:
            raise BudgetSpentError(f"{self.asked} requests are asked, the budget of a morning -> run fetch again later, or raise --budget")
        while (wait := self._wait(weight)) > 0:
            self._clock.sleep(wait)
        self.asked += 1
        self._sent.append((self._clock.now(), weight))

    def ban(self, seconds: float | None) -> float:
        """Stay away for so long, or for what the source's quota says; the seconds."""
        length = self.quota.ban_seconds if seconds is None else seconds
        until = self._clock.now() + timedelta(seconds=length)
        self._banned_until = max(until, self._banned_until or until)
        return length

    def banned_seconds(self) -> float:
        """How long the source still wants to be left alone."""
        return max(0.0, (self._banned_until - self._clock.now()).total_seconds()) if self._banned_until else 0.0

    def left(self) -> float:
        """Weight that the tightest window still takes now."""
        now = self._clock.now()
        return min((most - self._used(now, seconds) for most, seconds in self.quota.windows), default=float("inf"))

    def _used(self, now: datetime, seconds: float) -> float:
        since = now - timedelta(seconds=seconds)
        return sum(weight for at, weight in self._sent if at > since)

    def _wait(self, weight: float) -> float:
        """Seconds until a request may go."""
        now = self._clock.now()
        longest = max((seconds for _, seconds in self.quota.windows), default=0.0)
        while self._sent and (now - self._sent[0][0]).total_seconds() > longest and len(self._sent) > 1:
            self._sent.popleft()
        waits = [self.banned_seconds()]
        if self._sent:
            waits.append(self.quota.gap_seconds - (now - self._sent[-1][0]).total_seconds())
        for most, seconds in self.quota.windows:
            used = self._used(now, seconds)
            for at, part in self._sent:
                if used + weight <= most:
                    break
                if at > now - timedelta(seconds=seconds):
                    used -= part
                    waits.append((at - now).total_seconds() + seconds)
        return max(waits)
