"""Whatever a body holds, a connector answers with an outcome: it never raises, and rows keep their form."""

import json
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.ingestion.connectors import CONNECTORS
from energy_pipeline.ingestion.connectors.contract import Answer, Asked, Rows
from energy_pipeline_tests.fetching.generated import made_up
from energy_pipeline_tests.fetching.generated.world import TOKEN

DAY = date(2025, 10, 15)
ASKED = {
    "entsoe prices": ("entsoe", Asked("day_ahead_prices", (("zone", "DE_LU"),), "prices")),
    "entsoe generation": ("entsoe", Asked("generation_actual", (("zone", "DE_LU"), ("technology", "wind")), "generation_actual")),
    "energy_charts prices": ("energy_charts", Asked("day_ahead_prices", (("zone", "DE_LU"),), "day_ahead_prices")),
    "energy_charts generation": ("energy_charts", Asked("generation_actual", (("zone", "DE_LU"), ("technology", "wind")), "generation_actual")),
    "energy_charts forecast": ("energy_charts", Asked("generation_forecast", (("zone", "DE_LU"), ("technology", "wind")), "generation_forecast")),
    "smard load": ("smard", Asked("load_actual", (("zone", "DE_LU"),), "load_actual")),
    "open_meteo run": (
        "open_meteo",
        Asked("weather_forecast", (("location", "A"),), "single_runs", (("latitude", "54"), ("longitude", "9"), ("height_m", "100"))),
    ),
}
ODD = [None, True, "", "x", "12,5", -1, 0, 10**30, 10**400, 1e300, [], [1], [[]], {}, {"a": 1}, "2025-10-15T00:00", float("nan")]
ELEXON = [{"settlementDate": "2025-10-15", "settlementPeriod": p, "publishTime": "2025-10-15T12:00:00Z", "demand": 20_000 + p} for p in range(1, 5)]


def bodies():
    made = made_up.world(DAY - timedelta(days=3), DAY + timedelta(days=9), ("DE_LU",), now=datetime(2025, 10, 20, tzinfo=UTC))
    found = {}
    for name, (source, asked) in ASKED.items():
        request = CONNECTORS[source].requests(asked, DAY, DAY)[0]
        params = dict(request.params) | ({"securityToken": TOKEN} if source == "entsoe" else {})
        found[name] = request, made.reply(source, request.host, request.path, params).body
    gb = Asked("load_actual", (("zone", "GB"),), "load_actual", (), "Europe/London")
    return {**found, "elexon load": (CONNECTORS["elexon"].requests(gb, DAY, DAY)[0], json.dumps(ELEXON).encode())}


BODIES = bodies()


def parsed(request, body):
    answer = Answer(request, datetime(2025, 10, 20, tzinfo=UTC), 200, (), body)
    outcome = CONNECTORS[request.source].parse(answer)
    if isinstance(outcome, Rows):
        frame, value = outcome.frame, CONNECTORS[request.source].datasets[request.dataset].values
        assert frame.height > 0
        assert frame["delivery_start"].dtype == pl.Datetime("us", "UTC")
        assert frame.select(pl.any_horizontal(pl.col(v).is_not_null() & pl.col(v).is_finite() for v in value).all()).item()
    else:
        assert outcome.reason
    return outcome


def leaves(node, path=()):
    """Paths to every value of a JSON body."""
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(p for k, v in inside for p in leaves(v, (*path, k)))]


def with_odd(body, path, odd):
    if not path:
        return json.dumps(odd).encode()
    fields = json.loads(body)
    node = fields
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = odd
    return json.dumps(fields).encode()


@pytest.mark.parametrize("name", BODIES)
def test_the_body_as_it_is_gives_rows(name):
    assert isinstance(parsed(*BODIES[name]), Rows)


@pytest.mark.parametrize("name", [n for n in BODIES if not n.startswith("entsoe")])
@given(data=st.data())
def test_one_odd_value_anywhere_never_raises(name, data):
    request, body = BODIES[name]
    path = data.draw(st.sampled_from(LEAVES[name]))
    parsed(request, with_odd(body, path, data.draw(st.sampled_from(ODD))))


LEAVES = {name: leaves(json.loads(body)) for name, (_, body) in BODIES.items() if not name.startswith("entsoe")}


@pytest.mark.parametrize("name", BODIES)
@given(data=st.data())
def test_a_body_cut_or_scrambled_never_raises(name, data):
    request, body = BODIES[name]
    at = data.draw(st.integers(0, len(body)))
    gone = data.draw(st.integers(0, 40))
    parsed(request, body[:at] + data.draw(st.binary(max_size=4)) + body[at + gone :])
    parsed(request, body[:at])
