"""The notebooks of docs/notebooks, run cell by cell in this process: no kernel, no server, and the same outputs a notebook shows.

`python -m energy_pipeline_tests.notebooks LAKE` runs them on a lake of the demo desk and writes their outputs into the files.
"""

import ast
import base64
import io
import json
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "docs" / "notebooks"
PLACES = ("ENERGY_PIPELINE_LAKE", "ENERGY_PIPELINE_DESK", "ENERGY_PIPELINE_WAREHOUSE")


def executed(notebook: dict) -> dict:
    """The notebook with the outputs of every code cell; the first cell that fails ends it with its own error."""
    import matplotlib as mpl

    mpl.use("Agg")
    space: dict[str, object] = {"__name__": "__main__"}
    count = 0
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            count += 1
            cell["execution_count"], cell["outputs"] = count, _outputs("".join(cell["source"]), space, count)
    return notebook


def _outputs(source: str, space: dict[str, object], count: int) -> list[dict]:
    tree, said, value = ast.parse(source), io.StringIO(), None
    last = None
    if tree.body and isinstance(end := tree.body[-1], ast.Expr):
        last = ast.Expression(end.value)
        tree.body.pop()
    with redirect_stdout(said):
        exec(compile(tree, f"cell {count}", "exec"), space)  # noqa: S102 - our own notebooks
        if last is not None:
            value = eval(compile(last, f"cell {count}", "eval"), space)  # noqa: S307
    found: list[dict] = []
    if said.getvalue():
        found.append({"name": "stdout", "output_type": "stream", "text": said.getvalue().splitlines(keepends=True)})
    if value is not None:
        found.append({"data": _shown(value), "execution_count": count, "metadata": {}, "output_type": "execute_result"})
    return found


def _shown(value: object) -> dict[str, object]:
    data: dict[str, object] = {"text/plain": repr(value).splitlines(keepends=True)}
    if hasattr(value, "savefig"):
        image = io.BytesIO()
        value.savefig(image, format="png", dpi=70, metadata={"Software": None})
        data["image/png"] = base64.b64encode(image.getvalue()).decode()
    elif hasattr(value, "_repr_html_"):
        data["text/html"] = value._repr_html_().splitlines(keepends=True)
    return data


def main() -> None:
    """Write the outputs into the files."""
    os.environ["ENERGY_PIPELINE_LAKE"] = sys.argv[1]
    for path in sorted(FOLDER.glob("*.ipynb")):
        found = executed(json.loads(path.read_text(encoding="utf-8")))
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
