"""The client of an installation: its secrets, its addresses, the real clock and network.

What belongs here: putting the parts together. What does not: any of them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from datetime import datetime

from energy_pipeline.fetching.archive import AnswerArchive
from energy_pipeline.fetching.client import Client, HttpxTransport
from energy_pipeline.fetching.quota import Clock
from energy_pipeline.fetching.secrets import Secrets
from energy_pipeline.settings import Settings

BUDGET = 1000
"""Requests at most to each source in one fetch."""


def client_for(
    settings: Settings,
    archive: AnswerArchive,
    now: Callable[[], datetime],
    budget: int = BUDGET,
    environment: Mapping[str, str] | None = None,
) -> Client:
    """The client that asks the real sources, or those that `settings.hosts` names instead."""
    secrets = Secrets(os.environ if environment is None else environment)
    return Client(archive, secrets, Clock(now, time.sleep), HttpxTransport(), settings.hosts, budget=budget)
