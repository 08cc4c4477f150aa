"""The JSON Schema of a desk file is fresh, complete and right about the desks at hand."""

from pathlib import Path
from typing import ClassVar

import jsonschema
import pytest
import yaml

from energy_pipeline.desk import demo_desk_path
from energy_pipeline.desk.model import Desk
from energy_pipeline.desk.schema import schema_path, schema_text

DESKS = [demo_desk_path(), *sorted((Path(__file__).parents[1] / "desks").glob("*.yaml"))]


class EditorYaml(yaml.SafeLoader):
    """YAML as editors read it: a date is text."""

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


@pytest.fixture(scope="module")
def checker():
    return jsonschema.Draft202012Validator(Desk.model_json_schema(), format_checker=jsonschema.FormatChecker())


def as_an_editor_reads(path):
    return yaml.load(path.read_text(encoding="utf-8"), EditorYaml)  # noqa: S506 - a safe loader


def test_the_copy_in_the_package_is_fresh():
    assert schema_path().read_text(encoding="utf-8") == schema_text(), "make docs writes it anew"


@pytest.mark.parametrize("path", DESKS, ids=lambda path: path.stem)
def test_a_good_desk_file_has_no_mark_in_an_editor(checker, path):
    assert [error.message for error in checker.iter_errors(as_an_editor_reads(path))] == []


def test_an_editor_marks_what_loading_would_refuse(checker):
    data = as_an_editor_reads(demo_desk_path())
    data["decision_at"] = "25:99"
    data["plants"]["coast_wind"]["capacity_mw"] = -4
    data["limitz"] = {}
    places = {".".join(map(str, error.absolute_path)) for error in checker.iter_errors(data)}
    assert places == {"decision_at", "plants.coast_wind", ""}


def test_every_key_tells_its_meaning():
    schema = Desk.model_json_schema()
    models = {"Desk": schema, **schema["$defs"]}

    def tells(key):
        return "description" in key or "description" in models.get(key.get("$ref", "").rsplit("/", 1)[-1], {})

    silent = [f"{name}.{key}" for name, model in models.items() for key, value in model["properties"].items() if not tells(value)]
    assert not silent, f"give these Field(description=...), with the unit: {silent}"
