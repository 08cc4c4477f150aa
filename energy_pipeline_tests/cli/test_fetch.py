"""What `fetch` and `replay` say from the command line."""

import pytest
from typer.testing import CliRunner

from energy_pipeline.cli.fetch import SpanError, days_of
from energy_pipeline.cli.main import app


def said(*arguments, **environment):
    found = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200", **environment})
    return found.exit_code, found.output


def test_a_desk_without_live_series_is_told_where_to_look(tmp_path):
    code, text = said("fetch", "--lake", str(tmp_path))
    assert code == 1
    assert "sources.live" in text
    assert "present.yaml" in text


@pytest.mark.parametrize("text", ["2025-13-01", "yesterday", "2025-10-02..2025-10-01", "2025-10-01..", "..2025-10-01", "2025-10-01..x"])
def test_days_that_cannot_be_read_are_told(text):
    if text == "2025-10-01..":
        assert days_of(text)[0] == days_of(text)[1]
        return
    with pytest.raises(SpanError):
        days_of(text)


def test_an_empty_archive_is_the_empty_lake(tmp_path):
    code, text = said("replay", "2025-10-01", "--lake", str(tmp_path))
    assert (code, "the lake is what the archive gives" in text) == (0, True)


def test_a_secrets_file_that_others_may_read_is_refused_without_a_traceback(tmp_path):
    path = tmp_path / "secrets"
    path.write_text("entsoe_token=0123456789abc\n")
    path.chmod(0o644)
    from energy_pipeline.desk import demo_desk_path

    desk = demo_desk_path().with_name("present.yaml")
    code, text = said("fetch", "2025-10-01", "--desk", str(desk), "--lake", str(tmp_path), ENERGY_PIPELINE_SECRETS=str(path))
    assert code == 1
    assert "chmod 600" in text
    assert "0123456789abc" not in text
