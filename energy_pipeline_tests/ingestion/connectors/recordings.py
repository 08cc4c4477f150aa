"""Where the recorded answers lie, and how a test puts one before a connector."""

import gzip
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from energy_pipeline.ingestion.connectors import connector_of
from energy_pipeline.ingestion.connectors.contract import Answer, Asked

RECORDED = Path(os.environ.get("ENERGY_PIPELINE_DATA", "../shared/data")) / "api_responses"
needs_recordings = pytest.mark.skipif(not RECORDED.is_dir(), reason=f"{RECORDED} is not there: set ENERGY_PIPELINE_DATA")


def recorded(name):
    """The bytes of a recording, unpacked where it is kept as .gz."""
    body = (RECORDED / name).read_bytes()
    return gzip.decompress(body) if name.endswith(".gz") else body


def request_of(source, table, key, dataset, first, last=None, **options):
    """The first request that serves a series."""
    asked = Asked(table, tuple(key.items()), dataset, tuple(options.items()))
    assert connector_of(source).problems(asked) == []
    return connector_of(source).requests(asked, first, last or first)[0]


def answered(request, body, status=200, received_at=datetime(2027, 1, 1, tzinfo=UTC), headers=()):
    """What the connector makes of the body."""
    return connector_of(request.source).parse(Answer(request, received_at, status, tuple(headers), body))


PLACE = {"latitude": "52.3", "longitude": "6.9"}
ONE_DAY = date(2026, 9, 2)
