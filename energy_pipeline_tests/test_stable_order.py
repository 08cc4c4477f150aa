"""Sums of floats have one order: groups come in the order of the rows, never in that of a hash table.

What belongs here: the rule, checked on the code itself. What does not: the bytes of whole days (`integration`).
"""

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "energy_pipeline"


def unordered_groups(source: str) -> list[int]:
    """Lines that aggregate groups without `maintain_order=True`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "agg":
            inner = node.func.value
            grouped = isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr == "group_by"
            if grouped and isinstance(inner, ast.Call) and not any(k.arg == "maintain_order" for k in inner.keywords):
                found.append(node.lineno)
    return found


def test_every_aggregate_keeps_the_order_of_its_rows():
    found = {str(path.relative_to(PACKAGE)): unordered_groups(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_the_rule_sees_a_planted_sum():
    assert unordered_groups('x.group_by("zone").agg(pl.col("eur").sum())') == [1]
    assert unordered_groups('x.group_by("zone", maintain_order=True).agg(pl.col("eur").sum())') == []
