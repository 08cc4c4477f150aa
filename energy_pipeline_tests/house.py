"""The house's rules as functions of a package folder, so that a planted violation can be shown to each.

What belongs here: reading imports, and one function per rule that lists what breaks it. What does not:
the tests (`test_architecture`).
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

STOREYS = (
    *(("domain",), ("contracts",), ("desk",), ("reading",), ("settings", "mathematics"), ("information",), ("lake",), ("warehouse",), ("book",)),
    ("ingestion", "features", "forecasting", "renewables", "scenarios", "flexibility", "strategies", "portfolio", "risk", "reporting"),
    *(("fetching",), ("orchestration",), ("definitions",), ("runner",), ("studies",), ("cli",)),
)
"""From the ground; rooms of one storey stand side by side."""

STAGE_PAIRS = {
    ("forecasting", "features"): "the drivers of a price are features of the zone",
    ("renewables", "features"): "a plant that is a share follows the zone's driver forecasts",
    ("scenarios", "features"): "the week's paths of wind, solar and load start from the drivers",
    ("flexibility", "features"): "the last settlement of gas and carbon, as features know it",
    ("portfolio", "features"): "the same settlement for tolling in the joint book",
    ("portfolio", "flexibility"): "the joint book decides the desk's assets with the hedges",
    ("portfolio", "scenarios"): "forward proposals are judged on the week's paths",
    ("risk", "features"): "the same settlement for stressed options",
    ("risk", "flexibility"): "a stress values batteries and rights again",
    ("risk", "portfolio"): "forwards held are part of the risk",
}
"""Which stage may import which, and why."""

UNREACHED = {
    "mathematics.backtester.execution": "portfolio: TWAP, VWAP and iceberg of document 001, for the ledger's orders",
    "mathematics.paths.trees": "scenarios: scenario trees of document 000, for policies of the week",
}
"""Modules that no entry point reaches, their owner and why they stay: docs/architecture.md."""

ENTRY_POINTS = ("definitions", "cli.main", "cli.__main__", "runner.notebook", "orchestration.postgres_storage")
"""The graph, the command line, what a notebook imports, and what `deploy/dagster.yaml` names."""
NUMBERS = {"numpy", "scipy", "numba", "llvmlite"}
INSIDE_FUNCTIONS = {"statsmodels", "cvxpy", "highspy", "clarabel", "arch", "pvlib", "threadpoolctl"}
DAGSTER_ROOMS = ("orchestration", "definitions", "runner")


@dataclass(frozen=True)
class Import:
    """One imported name: the module it stands in, the module it names or comes from, whether a function holds it, and whether it is a module."""

    module: str
    target: str
    name: str
    in_function: bool
    is_module: bool = True


@dataclass(frozen=True)
class House:
    """A package folder and what its modules import."""

    root: Path

    @cached_property
    def modules(self) -> dict[str, Path]:
        """Path by dotted name below the package; the package itself is ''."""
        found = {}
        for path in sorted(self.root.rglob("*.py")):
            parts = path.relative_to(self.root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
        return found

    @cached_property
    def trees(self) -> dict[str, ast.Module]:
        """Syntax tree by module."""
        return {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in self.modules.items()}

    @cached_property
    def imports(self) -> list[Import]:
        """All imports, those inside functions and type-checking blocks too."""
        return [found for name, tree in self.trees.items() for found in self._of(name, tree)]

    def _of(self, module: str, tree: ast.Module) -> Iterator[Import]:
        inside = {id(n) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) for n in ast.walk(f)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from (Import(module, a.name, "", id(node) in inside) for a in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for name in (a.name for a in node.names):
                    full = f"{node.module}.{name}"
                    whole = self.inner(full) in self.modules
                    yield Import(module, full if whole else node.module, name, id(node) in inside, whole)

    def inner(self, dotted: str) -> str | None:
        """A dotted name below the package; None for a stranger."""
        head, _, rest = dotted.partition(".")
        return rest if head == self.root.name else None

    def own(self) -> list[tuple[Import, str]]:
        """Imports of the house's own modules, with the module they name."""
        return [(i, inner) for i in self.imports if (inner := self.inner(i.target)) and inner != i.module]


def room(module: str) -> str:
    """The room a module stands in."""
    return module.split(".", maxsplit=1)[0]


def storey(name: str) -> int | None:
    """Number of the storey a room is on, from the ground."""
    return next((n for n, rooms in enumerate(STOREYS) if name in rooms), None)


def rooms_without_a_storey(house: House) -> list[str]:
    """Rooms that the list of storeys does not know."""
    return sorted({room(m) for m in house.modules if m and storey(room(m)) is None} - {"threads", "_version"})


def imports_upward(house: House) -> list[str]:
    """Imports of a room that stands higher."""
    found = []
    for i, target in house.own():
        here, there = storey(room(i.module)), storey(room(target))
        if here is not None and there is not None and there > here:
            found.append(f"{i.module} imports {target}")
    return sorted(set(found))


def stage_pairs_not_listed(house: House) -> list[str]:
    """Imports between rooms of one storey that no reason allows."""
    return sorted(
        {
            f"{i.module} imports {target}"
            for i, target in house.own()
            if room(i.module) != room(target) and storey(room(i.module)) == storey(room(target)) is not None
            if (room(i.module), room(target)) not in STAGE_PAIRS
        }
    )


def more_than_numbers(house: House) -> list[str]:
    """What mathematics imports besides numbers and the vocabulary."""
    found = []
    for i in house.imports:
        if room(i.module) != "mathematics":
            continue
        inner, head = house.inner(i.target), i.target.split(".")[0]
        stranger = inner is None and not _is_standard(head) and head not in NUMBERS | (INSIDE_FUNCTIONS if i.in_function else set())
        if stranger or (inner is not None and room(inner) not in ("mathematics", "domain")):
            found.append(f"{i.module} imports {i.target}")
    return sorted(set(found))


def _is_standard(name: str) -> bool:
    import sys

    return name in sys.stdlib_module_names


def dagster_elsewhere(house: House) -> list[str]:
    """Modules that import Dagster and should not."""
    return sorted({i.module for i in house.imports if i.target.split(".")[0].startswith("dagster") and room(i.module) not in DAGSTER_ROOMS})


def circles(house: House) -> list[list[str]]:
    """Groups of files that import each other, directly or around; a package and its own parts are no circle."""
    edges: dict[str, set[str]] = {m: set() for m in house.modules}
    for i, target in house.own():
        if not i.module.startswith(f"{target}."):
            edges[i.module].add(target)
    return [sorted(group) for group in _components(edges) if len(group) > 1]


def _components(edges: dict[str, set[str]]) -> list[list[str]]:
    """Strongly connected components (Tarjan), without recursion."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []
    for start, first in edges.items():
        if start in index:
            continue
        work = [(start, iter(sorted(first)))]
        index[start] = low[start] = len(index)
        stack.append(start)
        while work:
            node, ahead = work[-1]
            step = next((n for n in ahead if n in edges), None)
            if step is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    at = stack.index(node)
                    found.append(stack[at:])
                    del stack[at:]
            elif step not in index:
                index[step] = low[step] = len(index)
                stack.append(step)
                work.append((step, iter(sorted(edges[step]))))
            elif step in stack:
                low[node] = min(low[node], index[step])
    return found


def shadowed_modules(house: House) -> list[str]:
    """Modules that cannot be reached because their package gives their name to something else."""
    found = []
    for name, path in house.modules.items():
        if path.name != "__init__.py":
            continue
        parts = {m.rpartition(".")[2] for m in house.modules if m.rpartition(".")[0] == name and m}
        tree = house.trees[name]
        given = {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
        given |= {i.name for i in house.imports if i.module == name and not i.is_module}
        found += [f"{name}.{part}" for part in sorted(parts & given)]
    return found


def unreached_modules(house: House) -> list[str]:
    """Modules that no entry point imports, directly or around."""
    edges: dict[str, set[str]] = {m: set() for m in house.modules}
    for i, target in house.own():
        edges[i.module].add(target)
    seen: set[str] = set()
    todo = [m for m in ENTRY_POINTS if m in house.modules]
    while todo:
        module = todo.pop()
        if module in seen:
            continue
        seen.add(module)
        parts = module.split(".")
        todo += [*edges.get(module, ()), *(".".join(parts[:n]) for n in range(1, len(parts)))]
    return sorted(m for m in house.modules if m and m not in seen)
