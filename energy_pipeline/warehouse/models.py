"""The SQL models as the builder reads them: in order, rendered, with what each one stands on.

What belongs here: names, SQL and fingerprints of models, made once a process. What does not: reading the folder
(`sql_project`), or running SQL (`marts`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol
from weakref import WeakKeyDictionary

from energy_pipeline.contracts import table as contract_of
from energy_pipeline.contracts.aggregates import is_monthly
from energy_pipeline.contracts.sql import comments, in_currency, quoted

SCHEMA = "marts"
LAYOUT = 2
"""Of the files. A higher number rebuilds every mart."""


class Model(Protocol):
    """A SQL model, as `warehouse.sql_project.SqlModel`."""

    @property
    def name(self) -> str:
        """Name other models refer to it by."""

    @property
    def kind(self) -> str:
        """`staging` (a view) or `mart` (a table)."""

    @property
    def depends_on(self) -> tuple[str, ...]:
        """Models it reads."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Lake tables it reads itself."""

    @property
    def is_view(self) -> bool:
        """Whether a mart is a view of other marts."""

    @property
    def key(self) -> Sequence[str]:
        """Columns that tell a mart's rows apart."""

    @property
    def not_null(self) -> Collection[str]:
        """Columns that are never null."""

    @property
    def description(self) -> str:
        """The comment on the table."""

    @property
    def columns(self) -> Mapping[str, str]:
        """The comments on the columns."""


class Project(Protocol):
    """The SQL models, as `warehouse.sql_project.SqlProject`."""

    @property
    def models(self) -> Mapping[str, Model]:
        """Staging models and marts by name."""

    def order(self) -> Sequence[str]:
        """All names, each after those it depends on."""

    def render(self, model: str, relation_of: Callable[[str], str], source_of: Callable[[str], str]) -> str:
        """Plain SQL of a model."""


def open_project(sql_root: Path) -> Project:
    """The SQL models below a folder."""
    from energy_pipeline.warehouse.sql_project import SqlProject

    return SqlProject(sql_root)


def mart_table(name: str) -> str:
    """A mart's table in the file that is in use."""
    return f"{SCHEMA}.{quoted(name)}"


def relation(name: str) -> str:
    """What other models read: the rows of the days being built."""
    return quoted(f"model_{name}")


def source(table: str) -> str:
    """A lake table's rows of the days being built."""
    return f"source_{table}"


def _months_of(name: str) -> str:
    """The days of the months being built, from a mart that is complete."""
    return f"(SELECT * FROM {mart_table(name)} WHERE date_trunc('month', delivery_day) IN (SELECT delivery_day FROM block_days))"  # noqa: S608 - a model's name


class Models:
    """A project's models in order, rendered.

    Parameters
    ----------
    project : Project
        Read once; later changes of it are not seen.
    currency : str
        What the comments say money is in.
    """

    def __init__(self, project: Project, currency: str = "EUR") -> None:
        self.currency = currency
        self.all: dict[str, Model] = {name: project.models[name] for name in project.order()}
        self.marts = [model for model in self.all.values() if model.kind == "mart" and not model.is_view]
        self.views = [model for model in self.all.values() if model.is_view]
        self.by_day = [mart for mart in self.marts if not is_monthly(mart.name)]
        self.by_month = [mart for mart in self.marts if is_monthly(mart.name)]
        self.sql = {name: project.render(name, self._reads(name), source).strip().rstrip(";") for name in self.all}
        self.chains = {name: self._chain(name) for name in self.all}
        self.sources = {name: sorted({s for each in chain for s in self.all[each].sources}) for name, chain in self.chains.items()}
        self.fingerprints = {mart.name: self._fingerprint(mart) for mart in (*self.marts, *self.views)}

    def comments(self, mart: Model) -> list[str]:
        """Statements that comment a mart's table and columns."""
        columns = {name: in_currency(text, self.currency) for name, text in mart.columns.items()}
        return comments(mart_table(mart.name), self.description(mart), columns, "VIEW" if mart.is_view else "TABLE")

    def description(self, mart: Model) -> str:
        """What a mart's table is."""
        return in_currency(mart.description, self.currency)

    def needed(self, marts: Iterable[str]) -> list[Model]:
        """The marts by day and everything they stand on, in order."""
        names = {each for mart in marts for each in self.chains[mart]}
        return [model for name, model in self.all.items() if name in names]

    def sources_of(self, marts: Iterable[str]) -> list[str]:
        """Lake tables that marts read, directly or through others."""
        return sorted({source for mart in marts for source in self.sources[mart]})

    def _reads(self, name: str) -> Callable[[str], str]:
        """What a model reads others by: the finished marts, the months being built, or the days being built."""
        return mart_table if self.all[name].is_view else _months_of if is_monthly(name) else relation

    def _chain(self, name: str) -> list[str]:
        """The model and everything it depends on, by name."""
        found: set[str] = set()
        pending = [name]
        while pending:
            one = pending.pop()
            if one not in found:
                found.add(one)
                pending += self.all[one].depends_on
        return sorted(found)

    def _fingerprint(self, mart: Model) -> str:
        """Hash of all SQL, text and types the mart is made of; a change of it means a rebuild."""
        content = [(name, self.sql[name]) for name in self.chains[mart.name]]
        types = [(s, [(c.name, c.dtype) for c in contract_of(s).columns]) for s in self.sources[mart.name]]
        text = json.dumps([LAYOUT, content, types, list(mart.key), sorted(mart.not_null), *self.comments(mart)])
        return hashlib.sha256(text.encode()).hexdigest()


_known: WeakKeyDictionary[Project, dict[str, Models]] = WeakKeyDictionary()


def models_of(project: Project, currency: str = "EUR") -> Models:
    """The rendered models, made once a process for each project and currency."""
    known = _known.setdefault(project, {})
    if currency not in known:
        known[currency] = Models(project, currency)
    return known[currency]
