"""What `make site` does to the pages on their way into the site: the front page, notebooks, and Markdown as GitHub reads it.

What belongs here: changes of text that MkDocs needs and a reader on GitHub does not. What does not: the order of pages (`mkdocs.yml`), any text.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ELSEWHERE = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Pages that stand beside `docs/` and their names in the site."""
BLOCK = re.compile(r"(?:[-*] |\d+\. |\|)")
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside `docs/`, and a page for each notebook in its place."""
    from mkdocs.structure.files import File

    root = Path(config.docs_dir).parent
    for source, name in ELSEWHERE.items():
        text = LINK.sub(_from_root, (root / source).read_text(encoding="utf-8"))
        files.append(File.generated(config, name, content=text))
    for file in [f for f in files if f.src_uri.endswith(".ipynb")]:
        notebook = json.loads(Path(str(file.abs_src_path)).read_text(encoding="utf-8"))
        files.remove(file)
        files.append(File.generated(config, file.src_uri.removesuffix("ipynb") + "md", content=notebook_page(notebook)))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Lists and tables may follow a line of text, as GitHub reads them; links to notebooks lead to their pages."""
    lines: list[str] = []
    is_code = False
    for line in markdown.splitlines():
        is_code ^= line.lstrip().startswith("```")
        before = lines[-1] if lines else ""
        if not is_code and BLOCK.match(line) and before.strip() and not BLOCK.match(before) and not before.startswith(" "):
            lines.append("")
        lines.append(line)
    return LINK.sub(lambda link: link[0].replace(".ipynb", ".md"), "\n".join(lines))


def notebook_page(notebook: dict[str, Any]) -> str:
    """A notebook as Markdown: its text, its code, and what the code showed."""
    parts = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
        parts += [_shown(output) for output in cell.get("outputs", ())]
    return "\n\n".join(parts) + "\n"


def _shown(output: dict[str, Any]) -> str:
    data = output.get("data", {})
    if "image/png" in data:
        return f"![chart](data:image/png;base64,{data['image/png']})"
    if "text/html" in data:
        return '<div class="frame">' + "".join(data["text/html"]).replace("\n", "") + "</div>"
    return "```text\n" + "".join(output.get("text", data.get("text/plain", ()))).rstrip() + "\n```"


def _from_root(link: re.Match[str]) -> str:
    target = ELSEWHERE.get(link[1], link[1]).removeprefix("docs/")
    return f"]({target}{link[2] or ''})"
