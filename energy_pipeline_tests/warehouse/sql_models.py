"""A small set of SQL models in memory, with the interface of `warehouse.sql_project.SqlProject`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass
class FakeModel:
    name: str
    kind: str
    sql: str
    description: str = "A table's comment."
    columns: dict[str, str] = field(default_factory=dict)
    is_view: bool = False
    key: tuple[str, ...] = ()
    not_null: frozenset[str] = frozenset()

    @property
    def depends_on(self) -> tuple[str, ...]:
        return tuple(re.findall(r"\{ref (\w+)\}", self.sql))

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(re.findall(r"\{source (\w+)\}", self.sql))


class FakeProject:
    """Models in the order given; `{ref x}` and `{source y}` stand for relations."""

    def __init__(self, *models: FakeModel) -> None:
        self._models = {m.name: m for m in models}

    @property
    def models(self) -> Mapping[str, FakeModel]:
        return self._models

    def order(self) -> list[str]:
        return list(self._models)

    def render(self, model: str, relation_of: Callable[[str], str], source_of: Callable[[str], str]) -> str:
        text = re.sub(r"\{ref (\w+)\}", lambda m: relation_of(m[1]), self._models[model].sql)
        return re.sub(r"\{source (\w+)\}", lambda m: source_of(m[1]), text)


LATEST = FakeModel(
    "stg_prices",
    "staging",
    "select * from {source day_ahead_prices} qualify row_number() over (partition by zone, delivery_start order by known_at desc) = 1",
)
PRICES = FakeModel(
    "prices",
    "mart",
    "select delivery_day, zone, delivery_start, price_eur_mwh from {ref stg_prices}",
    "Day-ahead prices, the desk's.",
    {"price_eur_mwh": "Clearing price [EUR/MWh]; it's latest."},
)
DAILY = FakeModel(
    "daily", "mart", "select delivery_day, avg(price_eur_mwh) as mean_eur_mwh, count(*) as hours from {ref prices} group by delivery_day"
)
STRESS = FakeModel("stress_results", "mart", "select * from {source stress_results};")


def project(*extra: FakeModel) -> FakeProject:
    """A staging model, a mart on it, a mart on that mart, and a mart on a computed table."""
    return FakeProject(LATEST, PRICES, DAILY, STRESS, *extra)
