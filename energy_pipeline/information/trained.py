"""What training jobs found, as decisions read it: settings, and the network of the whole desk.

What belongs here: the shape of both, bytes of settings, and which of them a day reads. What does not: finding them (`forecasting.tuning`,
`forecasting.training`), the network's arrays (`forecasting.joint`), where they lie (`lake.trained`).

A training of day T looks at what decide(T) may see, so decisions of T and later may read it: each reads the newest one that is not younger than
itself. Decisions made before one existed used the declared settings, and said so. A network of day T is trained after the decision of T was
made, so only decisions of later days read it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta

Settings = Mapping[str, float]


@dataclass(frozen=True)
class Found:
    """What was found for one member of one zone.

    Attributes
    ----------
    settings : mapping of setting to value
    criterion : str
        What was minimised: aic, or mae_eur_mwh over folds.
    value, declared_value : float or None
        The criterion of these settings and of the declared ones.
    facts : mapping of str to float
        What else was measured, such as bic, adf_statistic, adf_p_value.
    """

    settings: Settings
    criterion: str
    value: float
    declared_value: float | None
    facts: Mapping[str, float] = field(default_factory=dict)


Zones = Mapping[str, Mapping[str, Found]]
"""Zone -> member -> what was found."""
Trainings = Mapping[date, Zones]
"""Day whose information was trained on -> what was found."""
NETWORK_DAYS = 14
"""How long a network is read: the week after its day, and one more where the next training is missing."""


@dataclass(frozen=True)
class Network:
    """A network trained for the whole desk.

    Attributes
    ----------
    day : date
        The delivery day whose information set it was trained on.
    mark : str
        Hash of its bytes.
    read : callable
        Gives its bytes.
    """

    day: date
    mark: str
    read: Callable[[], bytes] = field(repr=False, compare=False)


Networks = Mapping[date, Network]
"""Networks by the day they were trained on."""


def packed(zones: Zones) -> bytes:
    """A training as bytes.

    >>> once = {"FR": {"xgboost": Found({"depth": 4}, "mae_eur_mwh", 3.0, 3.1)}}
    >>> unpacked(packed(once)) == once
    True
    """
    return json.dumps({z: {m: asdict(f) for m, f in found.items()} for z, found in zones.items()}, indent=1, sort_keys=True).encode()


def unpacked(data: bytes) -> dict[str, dict[str, Found]]:
    """What `packed` was given."""
    return {zone: {member: Found(**found) for member, found in members.items()} for zone, members in json.loads(data).items()}


def newest(trainings: Trainings, day: date) -> tuple[date, Zones] | None:
    """The training a decision for `day` reads; None where there is none yet."""
    days = [d for d in trainings if d <= day]
    return (max(days), trainings[max(days)]) if days else None


def readable(networks: Networks, day: date) -> Network | None:
    """The network a decision for `day` reads; None where none was trained lately.

    >>> week = Network(date(2026, 3, 22), "a", lambda: b"")
    >>> [readable({week.day: week}, date(2026, *d)) is week for d in ((3, 22), (3, 23), (4, 5), (4, 6))]
    [False, True, True, False]
    """
    days = [d for d in networks if d < day <= d + timedelta(days=NETWORK_DAYS)]
    return networks[max(days)] if days else None
