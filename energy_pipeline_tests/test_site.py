"""The documentation as a site: every page is in its contents, and Markdown reads there as it does on GitHub. `make site` checks the links."""

import importlib.util
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
SPEC = importlib.util.spec_from_file_location("site_hooks", ROOT / ".ci/site_hooks.py")
HOOKS = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(HOOKS)


def pages(nav):
    for entry in nav:
        if isinstance(entry, str):
            yield entry
        else:
            (below,) = entry.values()
            yield from pages([below] if isinstance(below, str) else below)


def test_every_page_and_every_notebook_stands_once_in_the_contents():
    docs = ROOT / "docs"
    written = {p.relative_to(docs).with_suffix(".md").as_posix() for kind in ("md", "ipynb") for p in docs.rglob(f"*.{kind}")}
    listed = list(pages(yaml.safe_load((ROOT / ".ci/mkdocs.yml").read_text(encoding="utf-8"))["nav"]))
    assert sorted(listed) == sorted(written | set(HOOKS.ELSEWHERE.values()))


def test_a_list_or_a_table_after_a_line_of_text_is_one_and_code_stays_as_it_is():
    text = "Three:\n- one\n- two\n  more\n- three\n\nNext:\n| a | b |\n|---|---|\n```yaml\nkeys:\n- of a file\n```"
    assert HOOKS.on_page_markdown(text) == text.replace("Three:\n", "Three:\n\n").replace("Next:\n", "Next:\n\n")


def test_links_of_the_front_page_and_to_notebooks_lead_to_pages_of_the_site():
    front = "[a](docs/own-desk.md#files) [b](CONTRIBUTING.md) [c](https://example.org/docs/x)"
    assert HOOKS.LINK.sub(HOOKS._from_root, front) == "[a](own-desk.md#files) [b](contributing.md) [c](https://example.org/docs/x)"
    assert HOOKS.on_page_markdown("[n](notebooks/own_plant.ipynb)") == "[n](notebooks/own_plant.md)"


def test_a_notebook_becomes_a_page_with_its_text_its_code_and_what_the_code_showed():
    frame, chart = {"data": {"text/html": ["<table>\n", "</table>"], "text/plain": ["t"]}}, {"data": {"image/png": "QUJD", "text/plain": ["f"]}}
    said = {"output_type": "stream", "text": ["seen\n"]}
    cells = [{"cell_type": "markdown", "source": ["# T"]}, {"cell_type": "code", "source": ["f()"], "outputs": [said, frame, chart]}]
    page = HOOKS.notebook_page({"cells": cells})
    wanted = ["# T", "```python\nf()\n```", "```text\nseen\n```", '<div class="frame"><table></table></div>', "![chart](data:image/png;base64,QUJD)"]
    assert re.split(r"\n\n", page.strip()) == wanted
