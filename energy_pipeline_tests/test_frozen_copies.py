"""A frozen value object can be copied with changes: nothing derived is handed to the copy.

What belongs here: the rule, checked on the code itself. What does not: the values of single classes.
"""

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "energy_pipeline"


def _is_frozen(node: ast.ClassDef) -> bool:
    calls = [d for d in node.decorator_list if isinstance(d, ast.Call) and ast.unparse(d.func) == "dataclass"]
    return any(k.arg == "frozen" and ast.unparse(k.value) == "True" for d in calls for k in d.keywords)


def hidden_fields(source: str) -> list[str]:
    """Private fields of frozen dataclasses that `dataclasses.replace` would hand over."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and _is_frozen(node):
            for line in node.body:
                if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and line.target.id.startswith("_"):
                    init = [k for k in getattr(line.value, "keywords", []) if k.arg == "init" and ast.unparse(k.value) == "False"]
                    found += [] if init or "ClassVar" in ast.unparse(line.annotation) else [f"{node.name}.{line.target.id}"]
    return found


def test_no_frozen_class_hands_a_memo_to_its_copies():
    found = {str(path.relative_to(PACKAGE)): hidden_fields(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}
    assert {path: names for path, names in found.items() if names} == {}


def test_the_rule_sees_a_planted_memo():
    source = "@dataclass(frozen=True)\nclass A:\n    x: int\n    _memo: dict = field(default_factory=dict{})\n"
    assert hidden_fields(source.format("")) == ["A._memo"]
    assert hidden_fields(source.format(", init=False")) == []
