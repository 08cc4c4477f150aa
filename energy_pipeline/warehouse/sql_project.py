"""The SQL models of `dbt_like_sql/`: read, ordered, rendered, traced to the lake.

What belongs here: a small reader of a folder in dbt's conventions (Jinja with just
`ref`, `source` and `config`; descriptions from YAML) and its typed errors. What does
not: running SQL (the warehouse does), or the models themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml

from energy_pipeline.contracts import TABLES
from energy_pipeline.contracts.sql import DUCKDB_TYPES
from energy_pipeline.domain.errors import PipelineError

if TYPE_CHECKING:
    import jinja2

ModelKind = Literal["staging", "mart", "test"]
FOLDERS: dict[str, ModelKind] = {"staging": "staging", "marts": "mart", "tests": "test"}
DIALECT = "duckdb"
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C where the library was built with it: a second of every process less."""


class SqlProjectError(PipelineError):
    """The folder of SQL models is wrong; `problems` lists everything found."""

    def __init__(self, root: Path, problems: list[str]) -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"  - {p}" for p in problems)
        super().__init__(f"{root.name}: {len(problems)} problem(s) in the SQL models\n{lines}")


class UnknownReferenceError(SqlProjectError):
    """A model refers to a model or a source that does not exist."""


class CycleError(SqlProjectError):
    """Models refer to each other in a circle."""


class MissingDescriptionError(SqlProjectError):
    """A mart, or a column of one, has no description in schema.yml."""


@dataclass(frozen=True)
class SqlModel:
    """One SQL file: a staging view, a mart or a singular test.

    Attributes
    ----------
    sql : str
        The file's text, Jinja included.
    depends_on : tuple of str
        Models named by `ref`, in order of appearance.
    sources : tuple of str
        Lake tables named by `source`, in order of appearance.
    columns : dict of str to str
        Column descriptions from the YAML beside the file; empty for tests.
    schema : str
        The schema the model asks for; empty for tests.
    is_view : bool
        A mart that stays a question: it may read other marts across days, and holds no rows of its own.
    key : tuple of str
        Columns that tell a mart's rows apart, from the YAML.
    not_null : frozenset of str
        Columns that are never null, from the YAML.
    """

    name: str
    kind: ModelKind
    sql: str
    depends_on: tuple[str, ...]
    sources: tuple[str, ...]
    description: str
    columns: dict[str, str]
    schema: str
    path: Path
    is_view: bool = False
    key: tuple[str, ...] = ()
    not_null: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Told:
    """What the YAML says of a model."""

    description: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    not_null: frozenset[str] = frozenset()


@dataclass
class _Calls:
    """What a model's Jinja asked for."""

    refs: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    config: dict[str, str] = field(default_factory=dict)


def _render(sql: str, name: str, ref: Callable[[str], str], source: Callable[[str, str], str], config: Callable[..., str]) -> str:
    """The SQL with its three known calls replaced; anything else is an error."""
    import jinja2

    try:
        return _template(sql).render(ref=ref, source=source, config=config)
    except jinja2.TemplateError as error:
        raise SqlProjectError(Path(name), [f"{name}: {error} (a model may use ref, source and config only)"]) from error


@lru_cache(maxsize=1024)
def _template(sql: str) -> jinja2.Template:
    """The text, compiled: a model is rendered when it is read, when its columns are looked at, and for use."""
    import jinja2

    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False, keep_trailing_newline=True)  # noqa: S701 - SQL, not HTML
    environment.globals.clear()
    return environment.from_string(sql)


def read_model(path: Path, kind: ModelKind, texts: Mapping[str, _Told] | None = None) -> SqlModel:
    """One SQL file, with its descriptions where they are known."""
    sql, calls = path.read_text(encoding="utf-8"), _Calls()

    def ref(name: str) -> str:
        calls.refs.append(name)
        return name

    def source(_schema: str, name: str) -> str:
        calls.sources.append(name)
        return name

    def config(**settings: str) -> str:
        calls.config.update(settings)
        return ""

    _render(sql, path.stem, ref, source, config)
    told = (texts or {}).get(path.stem, _Told())
    return SqlModel(
        name=path.stem,
        kind=kind,
        sql=sql,
        depends_on=tuple(dict.fromkeys(calls.refs)),
        sources=tuple(dict.fromkeys(calls.sources)),
        description=told.description,
        columns=told.columns,
        schema=calls.config.get("schema", ""),
        path=path,
        is_view=kind == "mart" and calls.config.get("materialized") == "view",
        key=told.key,
        not_null=told.not_null,
    )


def output_columns(root: Path, model: SqlModel) -> list[str]:
    """Output columns as the SQL of a model names them, `*` among them where it does not."""
    import sqlglot

    rendered = _render(model.sql, model.name, lambda m: m, lambda _schema, t: t, lambda **_: "").strip()
    try:
        query = sqlglot.parse_one(rendered, dialect=DIALECT)
    except sqlglot.errors.ParseError as error:
        raise SqlProjectError(root, [f"{model.name}: not one SELECT that DuckDB reads: {error}"]) from error
    return list(query.named_selects) if isinstance(query, sqlglot.exp.Query) else []


class SqlProject:
    """All models below a folder in dbt's conventions.

    Parameters
    ----------
    root : Path
        Folder with `staging/`, `marts/` and `tests/`.

    Raises
    ------
    SqlProjectError
        A file uses more Jinja than ref, source and config, or is no single SELECT.
    UnknownReferenceError, CycleError, MissingDescriptionError
        See there; each lists every case at once.
    """

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)
        self._texts = _descriptions(self.root)
        found = [read_model(path, kind, self._texts) for folder, kind in FOLDERS.items() for path in sorted((self.root / folder).rglob("*.sql"))]
        if not any(m.kind == "mart" for m in found):
            raise SqlProjectError(self.root, [f"no marts/*.sql below {self.root}"])
        self._check_names(found)
        self.models: dict[str, SqlModel] = {m.name: m for m in found if m.kind != "test"}
        self.tests: dict[str, SqlModel] = {m.name: m for m in found if m.kind == "test"}
        self._lineage: dict[str, dict[str, list[tuple[str, str]]]] = {}
        self._check_references()
        self._order = self._sorted()
        self._check_descriptions()

    @property
    def marts(self) -> dict[str, SqlModel]:
        """The marts by name."""
        return {n: m for n, m in self.models.items() if m.kind == "mart"}

    def order(self) -> list[str]:
        """Model names, each after all it depends on (staging and marts, no tests)."""
        return list(self._order)

    def sources_of(self, name: str) -> list[str]:
        """Lake tables a model reads, directly or through others, sorted."""
        model = self._model(name)
        return sorted({*model.sources, *(s for d in model.depends_on for s in self.sources_of(d))})

    def render(
        self,
        model: SqlModel | str,
        relation_of: Callable[[str], str] | Mapping[str, str],
        source_of: Callable[[str], str] | Mapping[str, str],
    ) -> str:
        """The model's SQL with every `ref` and `source` replaced by a relation.

        Parameters
        ----------
        model : SqlModel or str
            A model or test, or its name.
        relation_of, source_of : callable or mapping
            From model name and from lake table to what stands in the FROM clause.
        """
        model = self._model(model) if isinstance(model, str) else model
        relation = relation_of if callable(relation_of) else relation_of.__getitem__
        source = source_of if callable(source_of) else source_of.__getitem__
        return _render(model.sql, model.name, relation, lambda _schema, table: source(table), lambda **_: "").strip()

    def columns_of(self, name: str) -> list[str]:
        """Output columns of a model, in order, read from its SQL."""
        selected = output_columns(self.root, self._model(name))
        return list(self.column_lineage(name)) if "*" in selected or not selected else selected

    def column_lineage(self, mart: str) -> dict[str, list[tuple[str, str]]]:
        """For each column of a model, the lake columns it is made from.

        Returns
        -------
        dict
            Column -> sorted list of (lake table, column). Columns a window partitions or
            orders by count; columns that only filter or join do not.
        """
        if mart not in self._lineage:
            self._lineage[mart] = self._trace(mart)
        return {column: list(origin) for column, origin in self._lineage[mart].items()}

    @cached_property
    def lake_schema(self) -> dict[str, dict[str, str]]:
        """DuckDB column types of every lake table, from the contracts."""
        return {name: {c.name: DUCKDB_TYPES[c.dtype] for c in t.columns} for name, t in TABLES.items()}

    def _trace(self, name: str) -> dict[str, list[tuple[str, str]]]:
        from sqlglot import exp
        from sqlglot.lineage import lineage

        # Only what the model stands on: parsing the whole project for each of its models takes the square of its size.
        below = self._below(name)
        lake = {table: f"lake_{table}" for n in [name, *below] for table in self._model(n).sources}
        tables = {alias: table for table, alias in lake.items()}
        rendered = {n: self.render(n, lambda m: f"model_{m}", lake) for n in [*below, name]}
        nodes = lineage(
            None,
            rendered[name],
            schema={lake[t]: self.lake_schema[t] for t in lake},
            sources={f"model_{n}": sql for n, sql in rendered.items()},
            dialect=DIALECT,
        )
        result: dict[str, list[tuple[str, str]]] = {}
        for column, node in nodes.items():
            leaves = [n for n in node.walk() if isinstance(n.expression, exp.Table) and n.expression.name in tables]
            result[column] = sorted({(tables[n.expression.name], n.name.rsplit(".", 1)[-1].strip('"')) for n in leaves})
        return result

    def _below(self, name: str) -> list[str]:
        """All models a model reads, directly or through others, each after what it reads."""
        needed: set[str] = set()
        waiting = list(self._model(name).depends_on)
        while waiting:
            one = waiting.pop()
            if one not in needed:
                needed.add(one)
                waiting += self._model(one).depends_on
        return [n for n in self._order if n in needed]

    def _model(self, name: str) -> SqlModel:
        try:
            return self.models[name] if name in self.models else self.tests[name]
        except KeyError:
            raise UnknownReferenceError(self.root, [f"no model {name!r}; known: {', '.join(self.models)}"]) from None

    def _check_names(self, found: list[SqlModel]) -> None:
        names = [m.name for m in found]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise SqlProjectError(self.root, [f"{n}: two files have this name" for n in twice])

    def _check_references(self) -> None:
        problems: list[str] = []
        for model in [*self.models.values(), *self.tests.values()]:
            problems += [f"{model.name}: ref('{r}') is no model" for r in model.depends_on if r not in self.models]
            problems += [f"{model.name}: source('lake', '{s}') is no table of the contracts" for s in model.sources if s not in TABLES]
            reads = [d for d in model.depends_on if d in self.models]
            if model.is_view:
                problems += [f"{model.name}: a view reads marts, and ref('{d}') is none" for d in reads if self.models[d].kind != "mart"]
            elif model.kind == "mart":
                problems += [f"{model.name}: ref('{d}') is a view, which no table is built from" for d in reads if self.models[d].is_view]
        if problems:
            raise UnknownReferenceError(self.root, problems)

    def _sorted(self) -> list[str]:
        done: list[str] = []
        left = dict(self.models)
        while left:
            ready = [n for n, m in left.items() if all(d in done for d in m.depends_on)]
            if not ready:
                raise CycleError(self.root, [f"these models wait for each other: {', '.join(sorted(left))}"])
            done += ready
            for name in ready:
                del left[name]
        return done

    def _check_descriptions(self) -> None:
        problems: list[str] = []
        for name, model in self.marts.items():
            if not model.description:
                problems.append(f"{name}: no description in marts/schema.yml")
            columns = self.columns_of(name)
            problems += [f"{name}.{c}: no description in marts/schema.yml" for c in columns if not model.columns.get(c)]
            problems += [f"{name}.{c}: described in marts/schema.yml, but the SQL has no such column" for c in model.columns if c not in columns]
        if problems:
            raise MissingDescriptionError(self.root, problems)


def _descriptions(root: Path) -> dict[str, _Told]:
    """Model name -> what every YAML below staging and marts says of it."""
    result: dict[str, _Told] = {}
    for folder in FOLDERS:
        for path in sorted((root / folder).glob("*.yml")):
            content = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER) or {}  # noqa: S506 - a safe one
            for model in content.get("models", []):
                columns = {str(c["name"]): str(c.get("description", "")).strip() for c in model.get("columns", [])}
                keys = [t["unique_key"]["arguments"]["columns"] for t in model.get("data_tests", []) if "unique_key" in t]
                never = frozenset(str(c["name"]) for c in model.get("columns", []) if "not_null" in c.get("data_tests", []))
                result[str(model["name"])] = _Told(str(model.get("description", "")).strip(), columns, tuple(keys[0]) if keys else (), never)
    return result
