"""What `fetch` and `replay` say from the command line."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from typer.testing import CliRunner

from energy_pipeline.cli.fetch import SpanError, days_of
from energy_pipeline.cli.main import app
from energy_pipeline.ingestion.connectors import CONNECTORS
from energy_pipeline_tests.fetching.generated import made_up
from energy_pipeline_tests.fetching.generated.world import TOKEN
from energy_pipeline_tests.fetching.made_up_source import desk_data, price_series
from energy_pipeline_tests.fetching.server import ReplayServer


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


def test_a_span_is_fetched_once_and_the_token_is_in_no_output(tmp_path):
    today = datetime.now(UTC).date()
    day, one = today - timedelta(days=3), timedelta(days=1)
    desk = tmp_path / "desk.yaml"
    live = [price_series(), price_series("FR", second={"source": "energy_charts", "dataset": "day_ahead_prices"})]
    desk.write_text(yaml.safe_dump(desk_data(*live)), encoding="utf-8")
    with ReplayServer(made_up.world(day - one, today + one, now=datetime.now(UTC))) as server:
        environment = {"ENERGY_PIPELINE_HOSTS": json.dumps(server.hosts(*CONNECTORS.values())), "ENERGY_PIPELINE_ENTSOE_TOKEN": TOKEN}
        code, text = said("fetch", f"{day}..{day + one}", "--desk", str(desk), "--lake", str(tmp_path), **environment)
        assert (code, len(server.sent)) == (0, 2)
        assert "entsoe 2; 2 answers with rows" in text
        assert "nothing was missing" in said("fetch", f"{day}..{day + one}", "--desk", str(desk), "--lake", str(tmp_path), **environment)[1]
        assert len(server.sent) == 2
        environment["ENERGY_PIPELINE_ENTSOE_TOKEN"] = "another-secret-token"  # noqa: S105
        code, wrong = said("fetch", f"{day - one}", "--desk", str(desk), "--lake", str(tmp_path), **environment)
    assert code == 1
    assert "Unauthorised" in wrong
    assert TOKEN not in text + wrong
    assert "another-secret-token" not in wrong
    code, replayed = said("replay", f"{day}..{day + one}", "--desk", str(desk), "--lake", str(tmp_path))
    assert code == 1
    assert "rows from the archive" in replayed
    assert "in the archive and not in the lake" in replayed


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
