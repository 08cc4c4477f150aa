"""The generated files of the SQL project: staging views, marts that copy one, and all YAML.

What belongs here: which files there are, from contracts and the heads of hand-written marts, and whether those on disk
are stale. What does not: their text (`contracts.sql`, `contracts.marts`), or running them.

A hand-written mart (`marts/*.sql`) begins with a head, a comment that holds YAML; everything it leaves out is the
contract's:

    {#
    description: ...        default: that of the table of its name
    summed: true            also by delivery day and month (`contracts.aggregates`); default: false
    key: [zone, ...]        beside the delivery day; default: that of the view of its name, or of the first it reads
    columns:                only what the contracts of the views it reads do not say already
      price_eur_mwh: {like: day_ahead_prices.price_eur_mwh, nullable: true}
      share: {unit: "1", nullable: true, description: "..."}
    #}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import yaml

from energy_pipeline.contracts import TABLES, Column, Table, aggregates
from energy_pipeline.contracts.marts import Mart, mart_key, schema_yml, sources_yml
from energy_pipeline.contracts.sql import mart_sql, staging_sql
from energy_pipeline.warehouse.sql_project import SqlModel, SqlProjectError, output_columns, read_model

COPIES, SUMS = "generated", "aggregates"
FOLDERS = ("staging", f"marts/{COPIES}", f"marts/{SUMS}")
"""Folders of which every file is generated."""
STAGED = "stg_"
_HEAD = re.compile(r"\A\s*\{#-?(.*?)-?#\}", re.DOTALL)
_HEAD_KEYS = ("description", "key", "summed", "columns")
_FACTS = {f.name for f in fields(Column)} - {"name", "since", "default"}


def generated_files(root: Path) -> dict[str, str]:
    """Path below the project's root -> text, of every generated file.

    Raises
    ------
    SqlProjectError
        Naming every hand-written mart whose head does not say what its columns are.
    """
    written = {path.stem: read_model(path, "mart") for path in sorted((root / "marts").glob("*.sql"))}
    tests = [read_model(path, "test") for path in sorted((root / "tests").glob("*.sql"))]
    read = {ref.removeprefix(STAGED) for model in [*written.values(), *tests] for ref in model.depends_on if ref.startswith(STAGED)}
    copies = [table for table in TABLES.values() if table.is_mart]
    staged = [table for table in TABLES.values() if table.is_mart or table.name in read]
    by_hand = HandWritten(root, written)
    typed = by_hand.marts()
    summed = sorted([*(Mart.of(t) for t in copies if t.summed), *(m for m in typed if by_hand.summed(m.name))], key=lambda mart: mart.name)
    sums = [each for mart in summed for each in (aggregates.daily(mart), aggregates.monthly(mart))]
    marts = sorted([*map(Mart.of, copies), *typed, *sums], key=lambda mart: mart.name)
    return {
        **{f"staging/{STAGED}{table.name}.sql": staging_sql(table) for table in staged},
        "staging/_sources.yml": sources_yml(staged),
        "staging/schema.yml": schema_yml(Mart.staging(table) for table in staged),
        **{f"marts/{COPIES}/{table.name}.sql": mart_sql(table) for table in copies},
        **{f"marts/{SUMS}/{mart.name}{aggregates.DAILY}.sql": aggregates.daily_sql(mart) for mart in summed},
        **{f"marts/{SUMS}/{mart.name}{aggregates.MONTHLY}.sql": aggregates.monthly_sql(mart) for mart in summed},
        "marts/schema.yml": schema_yml(marts),
    }


def stale_files(root: Path) -> list[str]:
    """Generated files that are missing, differ, or should not be there."""
    return _stale(root, generated_files(root))


def _stale(root: Path, files: Mapping[str, str]) -> list[str]:
    differ = [name for name, text in files.items() if not (root / name).exists() or (root / name).read_text(encoding="utf-8") != text]
    found = [path.relative_to(root).as_posix() for folder in FOLDERS for path in (root / folder).glob("*") if path.is_file()]
    return sorted([*differ, *(name for name in found if name not in files)])


def write_files(root: Path) -> list[str]:
    """Bring the generated files up to date; the names of those that were stale."""
    files = generated_files(root)
    stale = _stale(root, files)
    for name in stale:
        if name not in files:
            (root / name).unlink()
            continue
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(files[name], encoding="utf-8")
    return stale


class HandWritten:
    """The marts that compute something, with the texts of their columns.

    Parameters
    ----------
    models : mapping of str to SqlModel
        The files of `marts/` by name.
    """

    def __init__(self, root: Path, models: Mapping[str, SqlModel]) -> None:
        self.root = root
        self.models = models
        self.problems: list[str] = []
        self._done: dict[str, Mart] = {}

    def marts(self) -> list[Mart]:
        """All of them; SqlProjectError with everything that is wrong."""
        found = [self._mart(name) for name in self.models]
        if self.problems:
            raise SqlProjectError(self.root, self.problems)
        return found

    def summed(self, name: str) -> bool:
        """Whether a mart is also there by delivery day and month."""
        return bool(self._head(name).get("summed"))

    def _mart(self, name: str) -> Mart:
        if name not in self._done:
            model, head = self.models[name], self._head(name)
            sources = [self._read(name, ref) for ref in sorted(model.depends_on, key=lambda ref: ref != STAGED + name)]
            known = {c.name: c for source in reversed(sources) for c in source.columns}
            given: dict[str, dict[str, Any]] = head.get("columns") or {}
            names = output_columns(self.root, model)
            self.problems += [f"{name}.{c}: in the head, but the SQL gives no such column" for c in given if c not in names]
            columns = tuple(self._column(name, c, known.get(c), given.get(c, {})) for c in names)
            key = mart_key(head.get("key") or (sources[0].key if sources else ()))
            self.problems += [f"{name}: key column {k} is not there" for k in key if k not in names]
            own = TABLES[name].description if name in TABLES else ""
            if not (description := head.get("description", own)):
                self.problems.append(f"{name}: the head gives no description, and no contract has its name")
            self._done[name] = Mart(name, description, key, columns)
        return self._done[name]

    def _head(self, name: str) -> dict[str, Any]:
        match = _HEAD.match(self.models[name].sql)
        head = yaml.safe_load(match.group(1)) if match else None
        unknown = sorted(set(head or {}) - set(_HEAD_KEYS))
        self.problems += [f"{name}: the head has no key {k!r} ({', '.join(_HEAD_KEYS)})" for k in unknown]
        return head or {}

    def _read(self, name: str, ref: str) -> Mart:
        """What a model reads: a staging view, or another mart."""
        table = TABLES.get(ref.removeprefix(STAGED) if ref.startswith(STAGED) else ref)
        if ref in self.models and ref != name:
            return self._mart(ref)
        if table is None or not (ref.startswith(STAGED) or table.is_mart):
            self.problems.append(f"{name}: ref('{ref}') is no staging view and no mart")
            return Mart(ref, "", (), ())
        return Mart.of(table)

    def _column(self, mart: str, name: str, known: Column | None, given: Mapping[str, Any]) -> Column:
        facts = dict(given)
        base = self._like(mart, name, facts.pop("like", ""), known)
        unknown = sorted(set(facts) - _FACTS)
        self.problems += [f"{mart}.{name}: the head has no fact {fact!r} (like, {', '.join(sorted(_FACTS))})" for fact in unknown]
        facts = {k: tuple(v) if k == "allowed" and v else v for k, v in facts.items() if k in _FACTS}
        if base is None and "description" not in facts:
            self.problems.append(f"{mart}.{name}: no description, and no view it reads has the column -> describe it in the head, or say `like`")
        start = base or Column(name, "f64", "")
        return replace(start, name=name, **facts)

    def _like(self, mart: str, name: str, like: str, known: Column | None) -> Column | None:
        if not like:
            return known
        table, _, column = like.partition(".")
        contract: Table | None = TABLES.get(table)
        if contract is None or column not in contract.schema:
            self.problems.append(f"{mart}.{name}: like: {like} is no column of a contract")
            return known
        return contract.column(column)
