"""The house rules, checked on the code itself, and each rule on a planted violation.

What belongs here: who may import what, what a pure stage may not touch, and the
root folder's contents. What does not: behaviour.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from energy_pipeline.contracts.model import STAGES
from energy_pipeline_tests import house as rules
from energy_pipeline_tests.house import House, room

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "energy_pipeline"
HOUSE = House(PACKAGE)
PURE = (*STAGES, "domain", "contracts", "desk", "reading", "mathematics", "information", "book")
HEAVY = {"tensorflow", "great_expectations", "statsmodels", "xgboost", "cvxpy", "pvlib", "sklearn", "numba", "scipy", "pandas", "highspy", "clarabel"}
IMPURE_CALLS = {"now", "utcnow", "today", "getenv", "perf_counter", "monotonic", "urlopen", "getcwd"}
CLOCK_AND_NETWORK = {"os", "socket", "httpx", "requests", "subprocess", "time"}
MODULES = sorted(m for m in HOUSE.modules if m)

RULES = {
    "storeys": rules.imports_upward,
    "stage pairs": rules.stage_pairs_not_listed,
    "numbers only": rules.more_than_numbers,
    "dagster": rules.dagster_elsewhere,
    "circles": rules.circles,
    "shadowed": rules.shadowed_modules,
    "rooms": rules.rooms_without_a_storey,
}
PLANTED = {
    "storeys": {"domain/a.py": "from energy_pipeline.desk import Desk", "desk/__init__.py": "Desk = 1"},
    "stage pairs": {"features/__init__.py": "x = 1", "ingestion/a.py": "def f():\n    from energy_pipeline.features import x"},
    "numbers only": {"mathematics/a.py": "import polars"},
    "dagster": {"cli/a.py": "import dagster as dg"},
    "circles": {"book/a.py": "from energy_pipeline.book import b", "book/b.py": "def f():\n    from energy_pipeline.book.a import x"},
    "shadowed": {"risk/__init__.py": "from energy_pipeline.risk.assess import assess", "risk/assess.py": "def assess(): ..."},
    "rooms": {"attic/a.py": "x = 1"},
}


@pytest.mark.parametrize("rule", RULES)
def test_the_house_keeps_its_rules(rule):
    assert RULES[rule](HOUSE) == []


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_sees_a_planted_violation(rule, tmp_path):
    for name, text in PLANTED[rule].items():
        path = tmp_path / "energy_pipeline" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n", encoding="utf-8")
    planted = House(tmp_path / "energy_pipeline")
    assert RULES[rule](planted) != []
    assert [other for other in RULES if other != rule and RULES[other](planted)] == []


def test_mathematics_sees_a_desk_and_a_modelling_library(tmp_path):
    (tmp_path / "energy_pipeline" / "mathematics").mkdir(parents=True)
    (tmp_path / "energy_pipeline" / "mathematics" / "a.py").write_text("from energy_pipeline.desk import Desk\nimport cvxpy\n", encoding="utf-8")
    assert len(rules.more_than_numbers(House(tmp_path / "energy_pipeline"))) == 2


def test_mathematics_loads_with_numbers_alone():
    names = [f"energy_pipeline.{m}" for m in MODULES if room(m) == "mathematics"]
    program = (
        "import importlib, importlib.metadata, sys\n"
        f"strangers = set(importlib.metadata.packages_distributions()) - {rules.NUMBERS | {'energy_pipeline'}!r}\n"
        "class Wall:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in strangers:\n"
        "            raise ImportError(f'{name} is more than numbers')\n"
        "sys.meta_path.insert(0, Wall())\n"
        f"[importlib.import_module(n) for n in {names!r}]\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_no_module_lies_where_no_entry_point_comes():
    assert rules.unreached_modules(HOUSE) == sorted(rules.UNREACHED)


def test_an_unreached_module_is_seen(tmp_path):
    for name, text in {"cli/main.py": "from energy_pipeline.risk import a", "risk/a.py": "", "risk/b.py": ""}.items():
        path = tmp_path / "energy_pipeline" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert rules.unreached_modules(House(tmp_path / "energy_pipeline")) == ["risk.b"]


def test_exceptions_to_the_rules_are_written_down():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    missing = [f"`{a}` -> `{b}`" for a, b in rules.STAGE_PAIRS if f"`{a}` -> `{b}`" not in text]
    assert missing + [m for m in rules.UNREACHED if f"`{m}`" not in text] == []


def test_every_allowed_stage_pair_is_used():
    used = {(room(i.module), room(target)) for i, target in HOUSE.own()}
    assert [pair for pair in rules.STAGE_PAIRS if pair not in used] == []


@pytest.mark.parametrize("module", [m for m in MODULES if room(m) in PURE])
def test_pure_rooms_read_no_clock_environment_or_network(module):
    # The time class of datetime is fine; the time module is a clock. Telemetry of Great
    # Expectations is switched off by an environment variable before its import.
    tolerated = {"os"} if module == "contracts.expectations" else set()
    banned = CLOCK_AND_NETWORK & {i.target.split(".")[0] for i in HOUSE.imports if i.module == module} - tolerated
    assert not banned, f"{module} imports {banned}"
    calls = {n.func.attr for n in ast.walk(HOUSE.trees[module]) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)}
    assert not calls & IMPURE_CALLS, f"{module} calls {calls & IMPURE_CALLS}"


def test_heavy_libraries_are_imported_inside_functions():
    checking = {m: _type_checking(HOUSE.trees[m]) for m in MODULES}
    top = {(i.module, i.target) for i in HOUSE.imports if not i.in_function and i.target.split(".")[0] in HEAVY}
    assert [f"{m} imports {t}" for m, t in sorted(top) if t not in checking[m]] == []


def _type_checking(tree: ast.Module) -> set[str]:
    """Modules imported for the type checker alone."""
    blocks = [n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.dump(n.test)]
    found = {n.module for b in blocks for n in ast.walk(b) if isinstance(n, ast.ImportFrom) and n.module}
    return found | {a.name for b in blocks for n in ast.walk(b) if isinstance(n, ast.Import) for a in n.names}


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_a_charter(module):
    text = ast.get_docstring(HOUSE.trees[module]) or ""
    assert "belongs here" in text, f"{module}: the docstring says what belongs here and what does not"


def test_stages_know_no_lake_settings_or_graph():
    upper = {"orchestration", "lake", "warehouse", "settings", "cli", "runner"}
    wrong = [f"{i.module} imports {t}" for i, t in HOUSE.own() if room(i.module) in PURE and room(t) in upper]
    assert wrong == []


MOST_LINES, MOST_FUNCTION_LINES, MEDIAN_LINES = 400, 60, 125
LOOPS = {"mathematics.paths.path_kernel.follow", "mathematics.paths.reduction._select", "mathematics.photovoltaics.kernel.run"}
"""Compiled loops whose body is one pass over an interval or a path: cut up, each part would carry the whole state."""


def test_files_and_functions_stay_small():
    lines = {m: len(path.read_text(encoding="utf-8").splitlines()) for m, path in HOUSE.modules.items()}
    assert {m: n for m, n in lines.items() if n > MOST_LINES} == {}
    assert sorted(lines.values())[len(lines) // 2] <= MEDIAN_LINES
    functions = {
        f"{m}.{n.name}": n.end_lineno - n.lineno + 1
        for m, tree in HOUSE.trees.items()
        for n in ast.walk(tree)
        if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.end_lineno
    }
    assert {name for name, n in functions.items() if n > MOST_FUNCTION_LINES} == LOOPS


def test_nothing_else_stands_at_the_root():
    allowed = {
        *("pyproject.toml", "README.md", "energy_pipeline", "energy_pipeline_tests", "dbt_like_sql", "workspace.yaml", "data_lake", "Dockerfile"),
        *("Makefile", "uv.lock", "docs", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "deploy"),
    }
    found = {p.name for p in ROOT.iterdir() if not p.name.startswith(".")}
    optional = {"findings"}  # CONTRIBUTING.md says what stands there
    assert found <= allowed | optional, f"not expected at the root: {sorted(found - allowed - optional)}"
    assert allowed <= found, f"missing at the root: {sorted(allowed - found)}"
