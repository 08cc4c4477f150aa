"""Reading a desk file, and telling every mistake in it at once.

What belongs here: YAML in, `Desk` or `DeskError` out. What does not: the models, or YAML itself (`written`).
"""

from __future__ import annotations

import copy
import difflib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from energy_pipeline.desk.curves import read_curves
from energy_pipeline.desk.model import Desk
from energy_pipeline.desk.written import Written, read_yaml
from energy_pipeline.domain.errors import DeskError

ROUNDS = 3
"""How often single wrong values are set aside, so that rules between places are still checked."""


def demo_desk_path() -> Path:
    """The demo desk that ships with the package."""
    return Path(__file__).with_name("demo.yaml")


def load_desk(path: Path) -> Desk:
    """The desk described by a YAML file.

    Raises
    ------
    DeskError
        With every mistake: its path in the file, the value found, what is allowed, and its line.

    Examples
    --------
    >>> load_desk(demo_desk_path()).name
    'demo'
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DeskError(str(path), [f"cannot be read: {error.strerror}; give --desk PATH or set ENERGY_PIPELINE_DESK"]) from error
    except UnicodeDecodeError as error:
        raise DeskError(str(path), [f"is not UTF-8 at byte {error.start}; save it as UTF-8"]) from error
    try:
        written = read_yaml(text)
    except yaml.YAMLError as error:
        raise DeskError(str(path), [f"is not YAML: {error}"]) from error
    curves = read_curves(written.data.get("plants"), path.parent) if isinstance(written.data, dict) else []
    written = replace(written, doubled=(*written.doubled, *curves))
    desk = _desk(written, str(path))
    problems = [_with_line(written, text.partition(": ")[0].split("."), text) for text in desk.oversights()]
    if problems:
        raise DeskError(str(path), problems)
    return desk


def desk_from(data: object, source: str) -> Desk:
    """The desk described by already parsed YAML; `source` names it in errors."""
    return _desk(Written(data), source)


def _desk(written: Written, source: str) -> Desk:
    problems = list(written.doubled)
    try:
        desk = Desk.model_validate(written.data)
    except ValidationError as error:
        told = [*_problems(error), *_further(written.data, error)]
        raise DeskError(source, [*problems, *(_with_line(written, place, text) for place, text in told)]) from error
    if problems:
        raise DeskError(source, problems)
    return desk


def mistakes(written: Written, error: ValidationError) -> list[str]:
    """What a model refused, each with its place and its line."""
    return [_with_line(written, place, text) for place, text in _problems(error)]


def _with_line(written: Written, place: Sequence[Any], text: str) -> str:
    line = written.line(place) if place and written.lines else None
    return text if line is None else f"{text} (line {line})"


def _problems(error: ValidationError) -> Iterator[tuple[Sequence[Any], str]]:
    """Place and words of each mistake."""
    items = error.errors(include_url=False)
    for item in items:
        if item["type"] == "too_short" and any(len(o["loc"]) > len(item["loc"]) and o["loc"][: len(item["loc"])] == item["loc"] for o in items):
            continue  # pydantic drops the broken items of a list and then finds it short: only the items are mistakes
        place = ".".join(str(part) for part in item["loc"]) or "desk"
        found = item.get("input")
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            message += _meant(item["loc"])
        if place == "desk":
            yield from ((line.partition(": ")[0].split("."), line) for line in message.splitlines())
        elif isinstance(found, dict | list):
            yield item["loc"], f"{place}: {message}"
        else:
            yield item["loc"], f"{place}: {message}; found {found!r}"


def _further(data: object, error: ValidationError) -> Iterator[tuple[Sequence[Any], str]]:
    """Rules between two places, checked with the wrong entries set aside: pydantic stops before them."""
    kept, aside, gone = copy.deepcopy(data), list[str](), list[str]()
    for _ in range(ROUNDS):
        items = error.errors(include_url=False)
        if all(not item["loc"] for item in items):
            if aside:
                told = [(place, text) for place, text in _problems(error) if not any(text.startswith(f"{a}:") for a in aside)]
                yield from (t for t in told if not any(repr(name) in t[1] for name in gone))
            return
        for item in items:
            path = _written_path(kept, item["loc"])
            if not path or (item["type"] != "missing" and path[-1] != item["loc"][-1]):
                return
            gone += [str(path[-1])] if item["type"] == "missing" else []
            aside.append(".".join(str(part) for part in path))
            if not _set_aside(kept, path):
                return
        try:
            Desk.model_validate(kept)
        except ValidationError as further:
            error = further
        else:
            return


def _written_path(data: object, place: Sequence[Any]) -> list[Any]:
    """The parts of a place that are written; the name of a kind of plant, right or strategy is not."""
    node, path = data, list[Any]()
    for part in place:
        if (isinstance(node, dict) and part in node) or (isinstance(node, list) and isinstance(part, int) and part < len(node)):
            node = node[part]
            path.append(part)
    return path


def _set_aside(data: Any, path: Sequence[Any]) -> bool:  # noqa: ANN401 - parsed YAML
    """Take an entry out of the data; False where it is none of a mapping."""
    for part in path[:-1]:
        data = data[part]
    if not isinstance(data, dict):
        return False
    data.pop(path[-1], None)
    return True


def _meant(place: Sequence[Any]) -> str:
    """The key that a writer may have meant by one that does not exist."""
    close = difflib.get_close_matches(str(place[-1]), _keys(_schema(), place[:-1]), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


@cache
def _schema() -> dict[str, Any]:
    return Desk.model_json_schema()


def _keys(schema: dict[str, Any], place: Sequence[Any]) -> list[str]:
    """Keys that the desk file may have at a place."""
    nodes = [schema]
    for part in place:
        nodes = [inner for node in nodes for inner in _inside(_resolved(node), part)]
    return [key for node in nodes for choice in _resolved(node) for key in choice.get("properties", {})]


def _resolved(node: dict[str, Any]) -> list[dict[str, Any]]:
    """A schema's alternatives, with references followed."""
    if "$ref" in node:
        return _resolved(_schema()["$defs"][node["$ref"].rpartition("/")[2]])
    choices = [*node.get("anyOf", []), *node.get("oneOf", []), *node.get("allOf", [])]
    return [node, *(found for choice in choices for found in _resolved(choice))]


def _inside(choices: list[dict[str, Any]], part: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for choice in choices:
        mapping = choice.get("discriminator", {}).get("mapping", {})
        if part in mapping:
            return [{"$ref": mapping[part]}]
        if part in choice.get("properties", {}):
            found.append(choice["properties"][part])
        elif isinstance(part, int) and isinstance(choice.get("items"), dict):
            found.append(choice["items"])
        elif isinstance(choice.get("additionalProperties"), dict):
            found.append(choice["additionalProperties"])
    return found


def desk_hash(desk: Desk) -> str:
    """Content hash of a desk's settings, 16 hex digits."""
    return hashlib.blake2b(desk.model_dump_json().encode(), digest_size=8).hexdigest()
