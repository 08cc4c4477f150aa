"""Secrets: from the environment or a secrets file, and nowhere else.

What belongs here: looking one up, and taking it out of any text or bytes. What does not: sending it (`client`).

A secret named `entsoe_token` is `ENERGY_PIPELINE_ENTSOE_TOKEN` in the environment, or the line `entsoe_token=...` of the
file that `ENERGY_PIPELINE_SECRETS` names. Only its owner may read that file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from energy_pipeline.domain.errors import PipelineError

FILE_VARIABLE = "ENERGY_PIPELINE_SECRETS"
MASK = "***"
_SHORTEST = 6


class SecretsError(PipelineError):
    """The secrets file cannot be read, or others can."""


class Secrets:
    """What was found, by name; printing it shows names only.

    Examples
    --------
    >>> found = Secrets({"ENERGY_PIPELINE_ENTSOE_TOKEN": "0123456789"})
    >>> found, found.redacted("token=0123456789")
    (Secrets(entsoe_token), 'token=***')
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        prefix = "ENERGY_PIPELINE_"
        self._values = _from_file(environment.get(FILE_VARIABLE))
        self._values |= {
            k.removeprefix(prefix).lower(): v for k, v in environment.items() if k.startswith(prefix) and k.endswith(("_TOKEN", "_KEY")) and v
        }

    def get(self, name: str) -> str | None:
        """A secret, None where there is none."""
        return self._values.get(name)

    def redacted(self, text: str) -> str:
        """The text with every known secret masked."""
        return self.redacted_bytes(text.encode()).decode()

    def redacted_bytes(self, body: bytes) -> bytes:
        """The bytes with every known secret masked: a source may repeat what it was asked."""
        for value in sorted(self._values.values(), key=len, reverse=True):
            if len(value) >= _SHORTEST:
                body = body.replace(value.encode(), MASK.encode())
        return body

    def __repr__(self) -> str:
        return f"Secrets({', '.join(sorted(self._values))})"


def _from_file(name: str | None) -> dict[str, str]:
    if not name:
        return {}
    path = Path(name)
    try:
        if path.stat().st_mode & 0o077:
            raise SecretsError(f"{path}: others may read it -> chmod 600 {path}")
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise SecretsError(f"{path}: cannot be read ({error.strerror}) -> correct {FILE_VARIABLE}") from error
    found = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key, separator, value = line.partition("=")
        if not separator or not value.strip():
            raise SecretsError(f"{path}: line {number} is not name=value")
        found[key.strip().lower()] = value.strip()
    return found
