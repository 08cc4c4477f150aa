"""Named pieces of bytes in one file, with a checksum over all of them.

What belongs here: the format that caches below the lake's root share. What does not: what the pieces mean, or where they lie.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

_CHECK_BYTES = 16


def sealed(magic: bytes, names: Sequence[Sequence[object]], parts: Sequence[bytes]) -> bytes:
    """Pieces under their names (what JSON can say) as bytes; the same content gives the same bytes.

    >>> opened(b"x 1", sealed(b"x 1", [["a", 1]], [b"piece"]))
    [(['a', 1], b'piece')]
    """
    head = json.dumps([[name, len(part)] for name, part in zip(names, parts, strict=True)], separators=(",", ":")).encode()
    body = b"".join([len(head).to_bytes(8, "little"), head, *parts])
    return magic + hashlib.blake2b(body, digest_size=_CHECK_BYTES).digest() + body


def opened(magic: bytes, data: bytes) -> list[tuple[list[Any], bytes]]:
    """What `sealed` was given; nothing at all unless every byte is what was written."""
    start = len(magic) + _CHECK_BYTES
    body = data[start:]
    if data[:start] != magic + hashlib.blake2b(body, digest_size=_CHECK_BYTES).digest():
        return []
    at = 8 + int.from_bytes(body[:8], "little")
    found: list[tuple[list[Any], bytes]] = []
    for name, size in json.loads(body[8:at]):
        found.append((name, body[at : at + size]))
        at += size
    return found
