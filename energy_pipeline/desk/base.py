"""The base of every desk model: unknown keys are mistakes, nothing changes after loading.

What belongs here: the shared pydantic configuration and small field types. What
does not: settings of any one thing.
"""

from __future__ import annotations

import difflib
import re
from datetime import time
from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, WithJsonSchema


class DeskModel(BaseModel):
    """Strict and frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)


def _clock(value: object) -> object:
    """YAML reads an unquoted 12:00 as the sexagesimal integer 720: read it back."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1440:
        return time(value // 60, value % 60)
    return value


def _no_zone(value: time) -> time:
    if value.tzinfo is not None:
        raise ValueError("give a wall-clock time without a zone; the zone is the market's")
    return value


def _name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", name):
        shown = ascii(name if len(name) <= 64 else f"{name[:61]}...")
        raise ValueError(
            f"name {shown}: give 1 to 64 letters (A-Z, a-z), digits, _ . or -, beginning with a letter or digit; "
            "names stand in tables, file names, pages and spreadsheets"
        )
    return name


Name = Annotated[str, AfterValidator(_name)]
"""What the desk calls a thing of its own."""

# JSON Schema's own "time" wants seconds and an offset, which a desk file does not write.
_WRITTEN = WithJsonSchema({"type": "string", "pattern": "^([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"})

ClockTime = Annotated[time, BeforeValidator(_clock), AfterValidator(_no_zone), _WRITTEN]
"""A wall-clock time such as 12:00, in the market's zone."""


@cache
def time_zones() -> frozenset[str]:
    """IANA names that every library here knows."""
    return frozenset(available_timezones() - {"Factory", "localtime"})


def _time_zone(name: str) -> str:
    if name not in time_zones():
        close = difflib.get_close_matches(name, time_zones(), n=1)
        raise ValueError(f"zone {name!r} is no IANA time zone; {f'did you mean {close[0]}?' if close else 'such as Europe/Berlin'}")
    return name


TimeZone = Annotated[str, AfterValidator(_time_zone)]
"""An IANA time zone such as Europe/Berlin."""
