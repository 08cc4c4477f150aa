"""The page of desk keys is the models'; and no page of the project points at nothing."""

import re
from pathlib import Path

import pytest

from energy_pipeline.desk.reference import page

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)


def anchors(text):
    """Heads of a page as their addresses."""
    heads = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower().replace("`", "")).strip().replace(" ", "-") for head in heads}


def broken(path):
    """Links of a page that lead to no file and no head; pages elsewhere are not asked."""
    for target in LINK.findall(CODE.sub("", path.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = path.parent / name if name else path
        if not file.exists() or (anchor and anchor not in anchors(file.read_text(encoding="utf-8"))):
            yield target


def test_the_page_of_desk_keys_is_that_of_the_models():
    assert (ROOT / "docs" / "desk-keys.md").read_text(encoding="utf-8") == page(), "run `make docs`"


def test_every_key_says_what_it_means():
    assert not [line for line in page().splitlines() if line.startswith("| `") and line.endswith("|  |")]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_somewhere(path):
    assert list(broken(path)) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    (tmp_path / "a.md").write_text("# One head\n[x](#one-head) [y](b.md) [z](#none) [w](https://example.org) `[v](c.md)`", encoding="utf-8")
    assert list(broken(tmp_path / "a.md")) == ["b.md", "#none"]
