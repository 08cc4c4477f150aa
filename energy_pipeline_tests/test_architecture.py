"""The house rules, checked on the code itself.

What belongs here: who may import what, what a pure stage may not touch, and the
root folder's contents. What does not: behaviour.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from energy_pipeline.contracts.model import STAGES

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "energy_pipeline"
PURE = (*STAGES, "domain", "contracts", "desk")
MODULES = sorted(PACKAGE.rglob("*.py"))
HEAVY = {"tensorflow", "great_expectations", "statsmodels", "xgboost", "cvxpy", "pvlib", "sklearn", "numba", "scipy", "pandas", "highspy", "clarabel"}
IMPURE_CALLS = {"now", "utcnow", "today", "getenv", "perf_counter", "monotonic", "urlopen", "getcwd"}


def _names(tree: ast.AST, *, top_level_only: bool = False) -> set[str]:
    """Root names of imported modules."""
    nodes = tree.body if top_level_only and isinstance(tree, ast.Module) else ast.walk(tree)
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _is_pure(path: Path) -> bool:
    return path.relative_to(PACKAGE).parts[0] in PURE


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_orchestration_and_definitions_import_dagster(path):
    inside = path.relative_to(PACKAGE)
    if inside.parts[0] == "orchestration" or str(inside) == "definitions.py":
        return
    assert not {n for n in _names(_parse(path)) if n.startswith("dagster")}, f"{inside} imports dagster"


@pytest.mark.parametrize("path", [p for p in MODULES if _is_pure(p)], ids=lambda p: str(p.relative_to(PACKAGE)))
def test_pure_rooms_read_no_clock_environment_or_network(path):
    tree = _parse(path)
    inside = path.relative_to(PACKAGE)
    banned = {"os", "socket", "httpx", "requests", "subprocess", "time"} & _names(tree)
    # The time class of datetime is fine; the time module is a clock. Telemetry of Great
    # Expectations is switched off by an environment variable before its import.
    if str(inside) == "contracts/expectations.py":
        banned -= {"os"}
    assert not banned, f"{inside} imports {banned}"
    calls = {node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}
    assert not calls & IMPURE_CALLS, f"{inside} calls {calls & IMPURE_CALLS}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_heavy_libraries_are_imported_inside_functions(path):
    assert not _names(_parse(path), top_level_only=True) & HEAVY, f"{path.relative_to(PACKAGE)} imports a heavy library at the top"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_module_has_a_charter(path):
    text = ast.get_docstring(_parse(path)) or ""
    assert "belongs here" in text, f"{path.relative_to(PACKAGE)}: the docstring says what belongs here and what does not"


def test_stages_do_not_import_orchestration_or_the_lake():
    for path in MODULES:
        inside = path.relative_to(PACKAGE)
        if inside.parts[0] not in (*STAGES, "domain", "contracts", "desk"):
            continue
        modules = {node.module for node in ast.walk(_parse(path)) if isinstance(node, ast.ImportFrom) and node.module}
        wrong = {
            m
            for m in modules
            if m.startswith(("energy_pipeline.orchestration", "energy_pipeline.lake", "energy_pipeline.settings", "energy_pipeline.cli.main"))
        }
        assert not wrong, f"{inside} imports {wrong}"


def test_definitions_load_without_heavy_libraries(tmp_path):
    program = (
        "import sys, energy_pipeline.definitions\n"
        "bad = {'tensorflow', 'great_expectations', 'statsmodels', 'xgboost', 'cvxpy', 'pvlib'} & set(sys.modules)\n"
        "sys.exit(f'definitions.py imports {sorted(bad)}' if bad else 0)"
    )
    environment = {**os.environ, "DAGSTER_HOME": str(tmp_path), "ENERGY_PIPELINE_LAKE": str(tmp_path / "lake")}
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_nothing_else_stands_at_the_root():
    allowed = {
        *("pyproject.toml", "README.md", "energy_pipeline", "energy_pipeline_tests", "dbt_like_sql", "workspace.yaml", "data_lake", "Dockerfile"),
        *("Makefile", "uv.lock", "docs", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "deploy"),
    }
    found = {p.name for p in ROOT.iterdir() if not p.name.startswith(".")}
    optional = {"findings"}  # CONTRIBUTING.md says what stands there
    assert found <= allowed | optional, f"not expected at the root: {sorted(found - allowed - optional)}"
    assert allowed <= found, f"missing at the root: {sorted(allowed - found)}"
