"""YAML as a person wrote it: the data, on which line each place stands, and keys that stand twice.

What belongs here: reading YAML so that NO is a zone, 10:30 a time of day and 2023-06-31 a date to be checked. What does
not: what the keys mean (the models).
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

Place = tuple[Hashable, ...]


_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C where the library was built with it: a fifth of a second quicker for a large desk file."""


class _Plain(_Base):  # type: ignore[misc]
    """The words of YAML 1.2: true and false alone are booleans; dates and times of day are text that the models check."""


_Plain.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag.rpartition(":")[2] not in ("bool", "timestamp", "int", "float")]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Plain.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
_Plain.add_implicit_resolver("tag:yaml.org,2002:int", re.compile("^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789"))
_Plain.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^(?:[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"),
    list("-+.0123456789"),
)


@dataclass(frozen=True)
class Written:
    """What a YAML text says.

    Attributes
    ----------
    data : object
    lines : dict of place to line
        A place is a tuple of keys and numbers, from the top.
    doubled : tuple of str
        Each key that stands twice in one mapping, in words.
    """

    data: Any
    lines: dict[Place, int] = field(default_factory=dict)
    doubled: tuple[str, ...] = ()

    def line(self, place: Sequence[Hashable]) -> int | None:
        """The line of a place, or of the nearest place around it that is written; parts that are not written are passed over."""
        found: Place = ()
        for part in place:
            number = int(part) if isinstance(part, str) and part.isdigit() else part
            for written in (part, number):
                if (*found, written) in self.lines:
                    found = (*found, written)
                    break
        return self.lines.get(found)


def read_yaml(text: str) -> Written:
    r"""A YAML text with its lines.

    Raises
    ------
    yaml.YAMLError
        Where it is none.

    Examples
    --------
    >>> read_yaml("zone: NO\nat: 10:30\nday: 2023-06-31\n").data
    {'zone': 'NO', 'at': '10:30', 'day': '2023-06-31'}
    >>> read_yaml("a: 1\na: 2\n").doubled
    ('a: stands on lines 1 and 2; the last would win -> keep one',)
    """
    loader = _Plain(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return Written(None)
        lines: dict[Place, int] = {(): 1}
        doubled = list(_walk(node, (), lines, ()))
        return Written(loader.construct_document(node), lines, tuple(doubled))
    finally:
        loader.dispose()


def _walk(node: yaml.Node, place: Place, lines: dict[Place, int], above: tuple[int, ...]) -> Iterator[str]:
    """Fills `lines`; yields keys that stand twice."""
    if id(node) in above:
        raise yaml.composer.ComposerError(None, None, f"the entry at {_shown(place)} contains itself", node.start_mark)
    if isinstance(node, yaml.SequenceNode):
        for number, child in enumerate(node.value):
            lines[*place, number] = child.start_mark.line + 1
            yield from _walk(child, (*place, number), lines, (*above, id(node)))
    elif isinstance(node, yaml.MappingNode):
        first: dict[str, int] = {}
        for key, child in node.value:
            line, name = key.start_mark.line + 1, key.value if isinstance(key, yaml.ScalarNode) else str(key.start_mark)
            if name in first:
                yield f"{_shown((*place, name))}: stands on lines {first[name]} and {line}; the last would win -> keep one"
            first.setdefault(name, line)
            lines[*place, name] = line
            yield from _walk(child, (*place, name), lines, (*above, id(node)))


def _shown(place: Place) -> str:
    return ".".join(str(p) for p in place) or "the file"
