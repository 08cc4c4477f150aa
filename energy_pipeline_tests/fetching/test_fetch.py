"""What is missing is asked once, within every quota, kept before it is read, and secrets are in no file."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.fetching.archive import FOLDER, AnswerArchive, ArchiveError
from energy_pipeline.fetching.client import Client, TransportError
from energy_pipeline.fetching.fetch import FetchError, fetch
from energy_pipeline.fetching.quota import BudgetSpentError, Clock, Limiter
from energy_pipeline.fetching.secrets import Secrets, SecretsError
from energy_pipeline.ingestion import collect
from energy_pipeline.ingestion.connectors import connector_of
from energy_pipeline.ingestion.connectors.contract import Quota, Rows, Span
from energy_pipeline.lake.storage import LocalStorage
from energy_pipeline_tests.fetching.made_up_source import TOKEN, Hands, client_of, desk_of, price_series, prices

ENTSOE = connector_of("entsoe")
NOON = datetime(2025, 10, 1, 11, 30, tzinfo=UTC)


def load_series(zone="DE_LU", table="load_actual"):
    return {"table": table, "key": {"zone": zone}, "source": "entsoe", "dataset": table}


def no_file(_):
    raise AssertionError("a live desk reads no file")


# -- requests ------------------------------------------------------------------


def test_a_year_of_prices_of_two_zones_is_two_requests_and_the_same_again_is_none(tmp_path):
    hands = Hands(NOON)
    client, source = client_of(tmp_path, hands, prices)
    desk = desk_of(price_series(), price_series("FR"))
    report = fetch(desk, client, date(2024, 10, 3), date(2025, 10, 2))
    assert (report.asked, report.rows, report.problems) == ({"entsoe": 2}, 2, [])
    fetch(desk, client, date(2024, 10, 3), date(2025, 10, 2))
    assert len(source.sent) == 2


def test_a_day_that_is_not_out_is_asked_again_after_ten_minutes_and_no_sooner(tmp_path):
    hands = Hands(NOON)
    out = []
    client, source = client_of(tmp_path, hands, lambda p: prices(p, until=None if out else datetime(2025, 10, 1, 22, tzinfo=UTC)))
    desk = desk_of(price_series())
    for minutes, asked in ((0, 1), (3, 1), (11, 2), (15, 2)):
        hands.at = NOON + timedelta(minutes=minutes)
        fetch(desk, client, date(2025, 10, 2), date(2025, 10, 2))
        assert len(source.sent) == asked
    out.append(True)
    hands.at = NOON + timedelta(minutes=30)
    fetch(desk, client, date(2025, 10, 2), date(2025, 10, 2))
    assert collect(desk, "day_ahead_prices", date(2025, 10, 2), date(2025, 10, 2), no_file, client.archive).frame.height == 24


def test_a_day_far_from_its_publication_costs_no_request(tmp_path):
    client, source = client_of(tmp_path, Hands(NOON - timedelta(hours=5)), prices)
    fetch(desk_of(price_series()), client, date(2025, 10, 2), date(2025, 10, 9))
    assert source.sent == []


def test_a_hole_of_the_past_is_asked_once(tmp_path):
    hands = Hands(NOON)
    client, source = client_of(tmp_path, hands, lambda p: prices(p, until=datetime(2025, 1, 1, tzinfo=UTC)))
    desk = desk_of(price_series())
    fetch(desk, client, date(2025, 3, 1), date(2025, 3, 5))
    hands.at += timedelta(days=1)
    fetch(desk, client, date(2025, 3, 1), date(2025, 3, 5))
    assert len(source.sent) == 1


def test_actuals_are_asked_again_daily_while_the_source_revises_them_and_never_after(tmp_path):
    hands = Hands(datetime(2025, 10, 2, 8, tzinfo=UTC))

    def load(params):
        status, headers, body = prices({**params, "in_Domain": "x"}, value=40_000)
        body = (
            body.replace(b"A44", b"A65")
            .replace(b"price.amount", b"quantity")
            .replace(b"price_Measure_Unit.name>MWH</price", b"quantity_Measure_Unit.name>MAW</quantity")
        )
        return (
            status,
            headers,
            body.replace(b"in_Domain.mRID>x</in", b"outBiddingZone_Domain.mRID>" + params["outBiddingZone_Domain"].encode() + b"</outBiddingZone"),
        )

    client, source = client_of(tmp_path, hands, load)
    desk = desk_of(load_series())
    for _ in range(14):
        fetch(desk, client, date(2025, 10, 1), date(2025, 10, 1))
        hands.at += timedelta(days=1)
    assert len(source.sent) == 8


@given(days=st.sets(st.integers(0, 800), min_size=1, max_size=40), count=st.integers(1, 3), unit=st.sampled_from(["weeks", "months", "years"]))
def test_requests_are_the_fewest_that_the_longest_span_allows(days, count, unit):
    """Greedy from the first missing day is the least, as a span's end only moves forward with its start: checked by the best cover of all."""
    span, start = Span(count, unit), datetime(2024, 1, 30, 23, tzinfo=UTC)
    at = sorted(start + timedelta(days=d) for d in days)
    greedy, left = 0, at
    while left:
        left = [d for d in left if d + timedelta(days=1) > span.after(left[0])]
        greedy += 1
    best = [0] * (len(at) + 1)
    for i in range(len(at) - 1, -1, -1):
        best[i] = 1 + min(best[j] for j in range(i + 1, len(at) + 1) if at[j - 1] + timedelta(days=1) <= span.after(at[i]))
    assert greedy == best[0]


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 5)), min_size=1, max_size=60))
def test_a_limiter_never_lets_more_through_than_any_window_allows(steps):
    hands = Hands(NOON)
    quota = Quota(windows=((10, 60.0), (25, 600.0)), gap_seconds=1.5)
    limiter, sent = Limiter(quota, Clock(hands.now, hands.sleep)), []
    for pause, weight in steps:
        hands.at += timedelta(seconds=pause)
        limiter.admit(weight)
        sent.append((hands.at, weight))
    for most, seconds in quota.windows:
        for end, _ in sent:
            assert sum(w for t, w in sent if end - timedelta(seconds=seconds) < t <= end) <= most
    assert all((b[0] - a[0]).total_seconds() >= 1.49 for a, b in pairwise(sent))


def test_many_requests_stay_below_the_sources_quota_on_the_clock(tmp_path):
    hands = Hands(datetime(2026, 1, 15, 12, tzinfo=UTC))
    client, source = client_of(tmp_path, hands, prices, budget=10_000)
    fetch(
        desk_of(*[price_series(options={"currency": "EUR", "sequence": str(n)}) for n in range(1, 451)]), client, date(2025, 6, 1), date(2025, 6, 1)
    )
    times = [at for at, *_ in source.sent]
    assert len(times) == 450
    assert max(sum(t <= u < t + timedelta(seconds=60) for u in times) for t in times) <= 400


def test_what_another_process_asked_counts(tmp_path):
    hands = Hands(NOON)
    for number in range(3):
        client, _ = client_of(tmp_path, hands, prices)
        fetch(desk_of(price_series(options={"sequence": str(number + 1)})), client, date(2025, 6, 1), date(2025, 6, 1))
    assert client.limiter(ENTSOE).left() == 380 - 3


def test_a_spent_budget_stops_and_says_which_questions_are_open(tmp_path):
    client, source = client_of(tmp_path, Hands(NOON), prices, budget=1)
    report = fetch(desk_of(price_series(), price_series("FR")), client, date(2025, 6, 1), date(2025, 6, 1))
    assert len(source.sent) == 1
    assert len(report.problems) == 1
    assert "budget" in report.problems[0]
    with pytest.raises(BudgetSpentError):
        client.limiter(ENTSOE).admit()


def acknowledged(text):
    return f"<Acknowledgement_MarketDocument><Reason><text>{text}</text></Reason></Acknowledgement_MarketDocument>".encode()


# -- patience ------------------------------------------------------------------


def turns(*answers):
    left = list(answers)

    def answer(params):
        found = left.pop(0) if len(left) > 1 else left[0]
        return found(params) if callable(found) else found

    return answer


@pytest.mark.parametrize(
    ("trouble", "least"),
    [
        ((429, (("retry-after", "17"),), b"slow down"), 17),
        ((429, (), b"slow down"), 600),
        ((503, (), b"<html>down</html>"), 2),
        ((200, (), b"<html>maintenance</html>"), 2),
        ((200, (), b"<P><type>A44</type><TimeSer"), 2),
        ("cut", 2),
    ],
)
def test_trouble_that_passes_ends_in_rows_after_the_wait_it_needs(tmp_path, trouble, least):
    hands = Hands(NOON)
    client, source = client_of(tmp_path, hands, turns(trouble, prices))
    report = fetch(desk_of(price_series()), client, date(2025, 6, 1), date(2025, 6, 1))
    assert (report.rows, report.problems, len(source.sent)) == (1, [], 2)
    assert least <= (source.sent[1][0] - source.sent[0][0]).total_seconds() <= least * 2 + 1


@pytest.mark.parametrize(
    ("trouble", "name", "asked"),
    [
        ((401, (), b"<html>Unauthorized</html>"), "Unauthorised", 1),
        ((500, (), b"broken"), "Unavailable", 4),
        ((200, (), b"<P><type>A44</type><TimeSer"), "Changed", 4),
        ((429, (("retry-after", "7200"),), b"slow down"), "Throttled", 1),
        (
            (
                400,
                (),
                acknowledged("Input parameter does not exist"),
            ),
            "Refused",
            1,
        ),
        ("no route", "Unavailable", 4),
    ],
)
def test_trouble_that_stays_ends_in_a_named_error_and_the_others_are_fetched(tmp_path, trouble, name, asked):
    hands = Hands(NOON)
    france = "10YFR-RTE------C"
    client, source = client_of(
        tmp_path, hands, lambda p: prices(p) if p["in_Domain"] == france and name not in {"Unauthorised", "Throttled"} else trouble
    )
    report = fetch(desk_of(price_series(), price_series("FR")), client, date(2025, 6, 1), date(2025, 6, 1))
    assert Counter(p["in_Domain"] for _, _, _, p, _ in source.sent)["10Y1001A1001A82H"] == asked
    assert name in report.problems[0]
    assert report.rows == (name not in {"Unauthorised", "Throttled"})
    with pytest.raises(FetchError, match=name):
        report.raise_if_any()


def test_a_source_without_a_connection_is_asked_twice_in_all_and_each_wait_is_told(tmp_path):
    hands, told = Hands(NOON), []

    def no_route(params):
        raise TransportError("https://nowhere: ConnectError", reached=False)

    client, source = client_of(tmp_path, hands, no_route)
    client.listener = lambda seconds, reason: told.append((seconds, reason))
    report = fetch(desk_of(price_series(), price_series("FR")), client, date(2025, 6, 1), date(2025, 6, 3))
    assert len(source.sent) == 2
    assert [reason for _, reason in told] == ["https://nowhere: ConnectError"]
    assert 2.0 <= told[0][0] <= 4.0
    assert len(report.problems) == 2
    assert "Unavailable" in report.problems[0]
    assert "FR (entsoe prices): 1 question(s) not asked, https://nowhere: ConnectError" in report.problems[1]


def test_without_a_token_nothing_is_sent_and_the_variable_is_named(tmp_path):
    client, source = client_of(tmp_path, Hands(NOON), prices, secrets=Secrets({}))
    report = fetch(desk_of(price_series(late={"action": "stop"}), load_series()), client, date(2025, 6, 1), date(2025, 6, 1))
    assert source.sent == []
    assert "ENERGY_PIPELINE_ENTSOE_TOKEN" in report.problems[0]
    assert "load_actual" in report.not_asked[0]


def test_a_span_that_is_refused_as_too_long_is_halved_until_it_is_taken(tmp_path):
    refusal = (
        400,
        (),
        acknowledged("The number of instances (352) exceeds the allowed maximum (200)"),
    )

    def answer(params):
        start, end = (datetime.strptime(params[k], "%Y%m%d%H%M").replace(tzinfo=UTC) for k in ("periodStart", "periodEnd"))
        return refusal if end - start > timedelta(days=8) else prices(params)

    client, source = client_of(tmp_path, Hands(NOON), answer)
    desk = desk_of(price_series())
    report = fetch(desk, client, date(2025, 6, 1), date(2025, 6, 30))
    assert (report.rows, len(source.sent)) == (4, 7)
    assert collect(desk, "day_ahead_prices", date(2025, 6, 1), date(2025, 6, 30), no_file, client.archive).frame.height == 30 * 24
    fetch(desk, client, date(2025, 6, 1), date(2025, 6, 30))
    assert len(source.sent) == 7


def test_an_answer_that_did_not_change_is_asked_conditionally_and_its_body_kept_once(tmp_path):
    hands = Hands(datetime(2025, 10, 1, 11, 10, tzinfo=UTC))
    half = datetime(2025, 10, 2, 10, tzinfo=UTC)

    def answer(params):
        status, _, body = prices(params, until=half)
        return (304, (), b"") if source.sent[-1][4].get("if-none-match") == '"v1"' else (status, (("etag", '"v1"'),), body)

    client, source = client_of(tmp_path, hands, answer)
    desk = desk_of(price_series())
    fetch(desk, client, date(2025, 10, 2), date(2025, 10, 2))
    hands.at += timedelta(minutes=11)
    fetch(desk, client, date(2025, 10, 2), date(2025, 10, 2))
    assert [s[4] for s in source.sent] == [{}, {"if-none-match": '"v1"'}]
    assert len(list((tmp_path / FOLDER / "bodies").rglob("*.gz"))) == 1
    again = client.archive.all_of("entsoe")
    assert [k.status for k in again] == [200, 304]
    assert [type(client.archive.parsed(ENTSOE, k)[1]) for k in again] == [Rows, Rows]


# -- the archive ---------------------------------------------------------------


def test_every_answer_is_kept_before_it_is_read_and_reads_again_byte_for_byte(tmp_path):
    hands = Hands(NOON)
    client, _ = client_of(tmp_path, hands, turns((500, (), b"broken"), (200, (), b"<P><cut"), prices))
    desk = desk_of(price_series())
    fetch(desk, client, date(2025, 6, 1), date(2025, 6, 1))
    kept = client.archive.all_of("entsoe")
    assert [k.status for k in kept] == [500, 200, 200]
    assert [client.archive.read(k).body for k in kept][:2] == [b"broken", b"<P><cut"]
    first = collect(desk, "day_ahead_prices", date(2025, 6, 1), date(2025, 6, 1), no_file, client.archive).frame
    again = collect(desk, "day_ahead_prices", date(2025, 6, 1), date(2025, 6, 1), no_file, AnswerArchive(LocalStorage(tmp_path))).frame
    assert first.height == 24
    assert first.equals(again)


def test_a_body_that_rotted_and_a_stranger_in_the_archive_are_named(tmp_path):
    client, _ = client_of(tmp_path, Hands(NOON), prices)
    fetch(desk_of(price_series()), client, date(2025, 6, 1), date(2025, 6, 1))
    body = next((tmp_path / FOLDER / "bodies").rglob("*.gz"))
    kept = client.archive.all_of("entsoe")[0]
    body.write_bytes(body.read_bytes()[:-9])
    with pytest.raises(ArchiveError, match="restore"):
        client.archive.read(kept)
    (tmp_path / FOLDER / "entsoe" / "prices" / "note.txt").write_text("x")
    with pytest.raises(ArchiveError, match=r"note\.txt"):
        client.archive.all_of("entsoe")


# -- secrets -------------------------------------------------------------------


def test_the_token_is_sent_and_stands_in_no_file_message_or_repr(tmp_path):
    def echo(params):
        status, headers, body = prices(params)
        return status, (*headers, ("etag", f"v-{params['securityToken']}")), body + f"<!-- {params['securityToken']} -->".encode()

    client, source = client_of(tmp_path, Hands(NOON), turns(echo, f"http://x?securityToken={TOKEN}: cut"))
    report = fetch(desk_of(price_series(), price_series("FR")), client, date(2025, 6, 1), date(2025, 6, 1))
    assert source.sent[0][3]["securityToken"] == TOKEN
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert len(files) == 3  # guard, record, body
    import gzip

    for path in files:
        data = path.read_bytes()
        assert TOKEN.encode() not in (gzip.decompress(data) if path.suffix == ".gz" else data)
        assert b"session=secret" not in data
    assert len(report.problems) == 1
    assert TOKEN not in repr(report) + repr(Secrets({"ENERGY_PIPELINE_ENTSOE_TOKEN": TOKEN})) + repr(vars(client.archive))


def test_a_secrets_file_is_read_when_only_its_owner_may(tmp_path):
    path = tmp_path / "secrets"
    path.write_text(f"# tokens\nentsoe_token = {TOKEN}\n")
    path.chmod(0o600)
    assert Secrets({"ENERGY_PIPELINE_SECRETS": str(path)}).get("entsoe_token") == TOKEN
    path.chmod(0o644)
    with pytest.raises(SecretsError, match="chmod 600"):
        Secrets({"ENERGY_PIPELINE_SECRETS": str(path)})
    path.chmod(0o600)
    path.write_text("no separator")
    with pytest.raises(SecretsError, match="line 1"):
        Secrets({"ENERGY_PIPELINE_SECRETS": str(path)})


# -- second sources --------------------------------------------------------------


def test_the_second_source_is_asked_only_for_days_the_first_does_not_have(tmp_path):
    hands = Hands(NOON)
    until = datetime(2025, 6, 1, 22, tzinfo=UTC)
    client, source = client_of(tmp_path, hands, lambda p: prices(p, until=until if p["in_Domain"] == "10Y1001A1001A82H" else None))
    desk = desk_of(price_series(second={"source": "entsoe", "dataset": "prices", "options": {"area": "FR"}}))
    report = fetch(desk, client, date(2025, 6, 1), date(2025, 6, 3))
    assert len(source.sent) == 2
    assert "2025-06-02..2025-06-03" in report.second[0]
    frame = collect(desk, "day_ahead_prices", date(2025, 6, 1), date(2025, 6, 3), no_file, client.archive).frame
    assert frame.height == 72


def test_a_client_needs_no_network_library_until_it_sends(tmp_path):
    hands = Hands(NOON)
    client = Client(AnswerArchive(LocalStorage(tmp_path)), Secrets({}), Clock(hands.now, hands.sleep), transport=None)
    assert client.configured(ENTSOE) is not None
