"""The reference of all desk keys, as a page.

What belongs here: the page's text, made from the models' JSON Schema. What does not: the schema (`schema`), or a word about a key
(its `description` in the model).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from energy_pipeline.desk.schema import schema_text

HEAD = """# Keys of a desk file

Written from the models in `energy_pipeline/desk`; a test compares this page with them. Do not edit it: change those and run `make docs`.
[own desk](own-desk.md) is the guide. `energy-pipeline desk schema` prints the same as a JSON Schema, by which editors complete and check.

A key without a default has to be written where its block is. Money is in the desk's currency, whatever a key's name says.
"""
BOUNDS = (("minimum", ">="), ("exclusiveMinimum", ">"), ("maximum", "<="), ("exclusiveMaximum", "<"))

Schema = Mapping[str, Any]


def page() -> str:
    """The page as markdown: the desk, then each block under its model's name.

    >>> "| `decision_at` |" in page() and "## Battery" in page()
    True
    """
    schema = json.loads(schema_text())
    models = {name: model for name, model in schema["$defs"].items() if "properties" in model}
    told = {f"#/$defs/{name}": str(model.get("description", "")) for name, model in models.items()}
    parts = [HEAD, *_section("Desk", "The file itself.", schema, told)]
    for name in sorted(models):
        parts += _section(name, models[name].get("description", ""), models[name], told)
    return "\n".join(parts).rstrip() + "\n"


def _section(name: str, description: str, model: Schema, told: Mapping[str, str]) -> Iterator[str]:
    yield f"## {name}\n\n{description.splitlines()[0] if description else ''}\n"
    yield "| key | what it takes | default | meaning |\n|---|---|---|---|"
    required = set(model.get("required", ()))
    for key, field in model["properties"].items():
        default = "**required**" if key in required else _default(field)
        meaning = field.get("description") or told.get(field.get("$ref", ""), "")
        yield f"| `{key}` | {_kind(field)} | {default} | {_cell(str(meaning))} |"
    yield ""


def _default(field: Schema) -> str:
    value = field.get("default")
    if value is None or value in ([], {}):
        return "none"
    return "those of the block" if isinstance(value, dict) else f"`{_cell(json.dumps(value, ensure_ascii=False))}`"


def _kind(field: Schema) -> str:
    """What a value may be, in words, with links to the blocks it is made of."""
    if "$ref" in field:
        name = str(field["$ref"]).rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    for joined in ("anyOf", "oneOf", "allOf"):
        if joined in field:
            return " or ".join(dict.fromkeys(_kind(one) for one in field[joined] if one.get("type") != "null"))
    if "enum" in field or "const" in field:
        return ", ".join(f"`{value}`" for value in field.get("enum", [field.get("const")]))
    if field.get("type") == "array":
        inner: Any = field.get("items") or next(iter(field.get("prefixItems", ())), {})
        return f"list of {_kind(inner)}" if inner else "list"
    if field.get("type") == "object":
        others = field.get("additionalProperties")
        return f"names with {_kind(others)}" if isinstance(others, dict) else "block"
    bounds = " ".join(f"{sign} {field[word]:g}" for word, sign in BOUNDS if word in field)
    pattern = f" like `{_cell(str(field['pattern']))}`" if "pattern" in field else ""
    return " ".join(filter(None, [str(field.get("format") or field.get("type") or "any"), bounds])) + pattern


def _cell(text: str) -> str:
    """Text that breaks no table."""
    return text.replace("|", "\\|").replace("\n", " ")
