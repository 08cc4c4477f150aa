"""The JSON Schema of a desk file, from which editors complete and check YAML.

What belongs here: the schema's text, from the models. What does not: the models, or rules between two places of a desk file, which only
`load` checks.
"""

from __future__ import annotations

import json
from pathlib import Path

from pydantic.json_schema import GenerateJsonSchema

from energy_pipeline.desk.model import Desk

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Terse(GenerateJsonSchema):
    """Without a title for each key: it would only repeat the key."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - pydantic's signature
        """No."""
        return False


def schema_path() -> Path:
    """The copy that ships with the package; a test fails when it is not `schema_text()`."""
    return Path(__file__).with_name("desk.schema.json")


def schema_text() -> str:
    """The schema as it is written to a file.

    Examples
    --------
    >>> json.loads(schema_text())["title"]
    'Desk'
    """
    return json.dumps({"$schema": DIALECT, **Desk.model_json_schema(schema_generator=_Terse)}, indent=1, ensure_ascii=False) + "\n"
