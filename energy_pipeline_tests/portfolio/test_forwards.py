"""Forward books: payoffs by hand, cascading, files, limits all together, and why they cannot hold."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from energy_pipeline.cli.main import app
from energy_pipeline.desk.layout import FileLayout
from energy_pipeline.domain.delivery import DeliveryDay, days_between
from energy_pipeline.mathematics import allocation as al
from energy_pipeline.portfolio.forwards import Instrument, Market, cascade, improve, payoffs, read_book, read_limits, read_market
from energy_pipeline.portfolio.forwards.book import ForwardBook, problem_of

ZONE = "Europe/Berlin"
FIRST, LAST = date(2025, 3, 24), date(2025, 4, 6)
"""Two weeks around the spring clock change."""


def market(scenarios=60, seed=1):
    days = tuple(days_between(FIRST, LAST))
    draw = np.random.default_rng(seed)
    count = sum(DeliveryDay(d, ZONE).count(60) for d in days)
    level = draw.normal(50, 20, (scenarios, 1))
    de = level + draw.normal(0, 15, (scenarios, count))
    fr = de + draw.normal(-2, 8, (scenarios, count))
    gas = 30 + 0.3 * (level - 50) + draw.normal(0, 1, (scenarios, len(days)))
    return Market(days, ZONE, 60, {"DE": de, "FR": fr}, gas, 70 + draw.normal(0, 2, (scenarios, len(days))))


def one(kind, name="x", **more):
    return Instrument(**{"name": name, "kind": kind, "first_day": FIRST, "last_day": LAST, "zone": "DE", **more})


def test_payoffs_against_loops_over_every_interval():
    m = market(5)
    instruments = [
        one("forward", "base"),
        one("future", "peak", block="peak"),
        one("forward", "off", block="offpeak"),
        one("hourly", "h19", hour=19, first_day=date(2025, 3, 25), last_day=date(2025, 3, 25)),
        one("cap", "cap", strike_eur_mwh=60.0, block="peak"),
        one("floor", "floor", strike_eur_mwh=20.0),
        one("spread_option", "spark", heat_rate=2.0, emission_t_mwh=0.36, strike_eur_mwh=1.5, block="peak"),
        one("transmission_option", "ptr", zone_to="FR"),
        one("transmission_obligation", "ftr", zone_to="FR"),
        one("gas", "gas", zone=""),
        one("carbon", "eua", zone=""),
    ]
    found = payoffs(instruments, m)
    expected = np.zeros_like(found)
    at = 0
    for k, day in enumerate(m.days):
        for slot in DeliveryDay(day, ZONE).slots(60):
            peak = 8 <= slot < 20 and day.weekday() < 5
            for s in range(5):
                p, f, gas, co2 = m.power_eur_mwh["DE"][s, at], m.power_eur_mwh["FR"][s, at], m.gas_eur_mwh[s, k], m.carbon_eur_t[s, k]
                hour = [
                    p,
                    p * peak,
                    p * (not peak),
                    p * (slot == 19 and day == date(2025, 3, 25)),
                    max(p - 60, 0) * peak,
                    max(20 - p, 0),
                    max(p - 2 * gas - 0.36 * co2 - 1.5, 0) * peak,
                    max(f - p, 0),
                    f - p,
                    gas,
                    0.0,
                ]
                expected[s] += hour
            at += 1
    expected[:, 10] = m.carbon_eur_t[:, -1]
    assert found == pytest.approx(expected)
    base, peak, off = (i.quantity(m) for i in instruments[:3])
    assert (base, peak + off) == (14 * 24 - 1, base)
    # option on both ways less the obligation: a call less a put is the spread
    back = payoffs([one("transmission_option", "back", zone="FR", zone_to="DE")], m)[:, 0]
    assert found[:, 7] - back == pytest.approx(found[:, 8])


def test_cascading_keeps_the_hours_and_the_value():
    days = tuple(days_between(date(2026, 1, 1), date(2026, 12, 31)))
    count = sum(DeliveryDay(d, ZONE).count(60) for d in days)
    m = Market(days, ZONE, 60, {"DE": np.random.default_rng(0).normal(60, 30, (3, count))})
    for block in ("base", "peak", "offpeak"):
        year = Instrument("cal", "future", days[0], days[-1], "DE", block)
        parts = cascade(year)
        assert [p.tenor for p in parts] == ["month"] * 3 + ["quarter"] * 3
        months = [p for part in parts for p in (cascade(part) if part.tenor == "quarter" else (part,))]
        assert len(months) == 12
        delivered = [p for month in months for p in cascade(month)]
        assert len(delivered) == 365
        for level in (parts, months, delivered):
            assert payoffs(level, m).sum(axis=1) == pytest.approx(payoffs([year], m)[:, 0])
            assert sum(p.quantity(m) for p in level) == pytest.approx(year.quantity(m))
    week = Instrument("w", "future", date(2026, 3, 23), date(2026, 3, 29), "DE")
    assert week.tenor == "week"
    assert len(cascade(week)) == 7
    forward = Instrument("f", "forward", days[0], days[-1], "DE")
    assert cascade(forward) == (forward,)


def test_every_mistake_of_a_contract_is_listed():
    wrong = [
        one("forward", "a", zone="XX"),
        one("gas", "b", last_day=date(2026, 1, 1)),
        one("hourly", "c"),
        one("transmission_option", "d", zone_to="YY"),
    ]
    with pytest.raises(al.BadProblemError) as caught:
        payoffs(wrong, market(2))
    assert len(caught.value.problems) == 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A book on disk."""
    path = tmp_path_factory.mktemp("book")
    week = f"{FIRST},{LAST}"
    (path / "contracts.csv").write_text(
        "name,kind,first_day,last_day,zone,block,strike_eur_mwh,zone_to,margin_eur,lot,max_trade,factor_basis\n"
        f"DE base,future,{week},DE,base,,,500,1,50,1\n"
        f"DE peak,future,{week},DE,peak,,,700,1,50,1\n"
        f"FR base,forward,{week},FR,base,,,500,,50,-1\n"
        f"DE cap,cap,{week},DE,peak,80,,100,,50,\n"
        f"DE>FR,transmission_option,{week},DE,base,,FR,50,,50,\n"
        f"old,forward,{week},DE,base,,,0,,50,\n"
    )
    (path / "quotes.csv").write_text(
        "contract,bid,ask,known_at\n"
        "DE base,48,49,2025-03-20T10:00\nDE base,52,52.4,2025-03-20T11:00\nDE base,99,99,2025-03-21T11:00\n"
        "DE peak,50,51,2025-03-20T10:00\nFR base,47,48,2025-03-20T10:00\nDE cap,1,1.5,2025-03-20T10:00\nDE>FR,2,2.4,2025-03-20T10:00\n"
    )
    (path / "trades.csv").write_text(
        "contract,position,price,traded_at\nDE base,-10,55,2025-03-01T09:00\nDE base,4,53,2025-03-02T09:00\nold,3,40,2025-02-01T09:00\n"
        "DE peak,7,50,2025-03-22T09:00\n"
    )
    (path / "limits.yaml").write_text(
        "- {limit: net, name: week MWh of DE, where: {zone: DE, kind: future}, per: mwh, low: -9000, high: 9000}\n"
        "- {limit: gross, name: margin, where: {}, per: margin, high: 20000}\n"
        "- {limit: factor, name: cap basis, factor: basis, low: -15, high: 15}\n"
        "- {limit: turnover, name: liquidity, where: {}, high: 45}\n"
        "- {limit: cvar, name: tail, high: 120000, confidence: 0.9}\n"
    )
    m = market(60)
    frames = []
    for zone, values in m.power_eur_mwh.items():
        starts = np.concatenate([DeliveryDay(d, ZONE).interval_starts_us(60) for d in m.days])
        frames.append(_long(values, starts, zone))
    noon = np.array([int(datetime(d.year, d.month, d.day, 11, tzinfo=UTC).timestamp() * 1e6) for d in m.days])
    frames += [_long(m.gas_eur_mwh, noon, "gas"), _long(m.carbon_eur_t, noon, "carbon")]
    pl.concat(frames).write_parquet(path / "prices.parquet")
    return path


def _long(values, starts, series):
    count = values.shape[0]
    stamps = pl.from_epoch(pl.Series(np.tile(starts, count)), "us").dt.replace_time_zone("UTC")
    return pl.DataFrame(
        {"scenario": np.repeat(np.arange(count), starts.size), "delivery_start": stamps, "series": [series] * values.size, "value": values.ravel()}
    )


AS_OF = datetime(2025, 3, 20, 12, tzinfo=UTC)


def test_the_book_as_it_was_known(folder):
    book = read_book(folder / "contracts.csv", folder / "quotes.csv", folder / "trades.csv", AS_OF)
    assert book.held.tolist() == [-6, 0, 0, 0, 0, 3]
    assert (book.bid[0], book.ask[0]) == (52, 52.4)
    assert not book.is_quoted[5]
    assert book.cost_eur == -10 * 55 + 4 * 53 + 3 * 40
    assert read_book(folder / "contracts.csv", folder / "quotes.csv", folder / "trades.csv").held[1] == 7


def test_prices_come_back_from_the_file(folder):
    found, made = read_market(folder / "prices.parquet", ZONE), market(60)
    assert found.days == made.days
    for zone in ("DE", "FR"):
        assert np.array_equal(found.power_eur_mwh[zone], made.power_eur_mwh[zone])
    assert np.array_equal(found.gas_eur_mwh, made.gas_eur_mwh)


@pytest.mark.parametrize("objective", [al.MeanCvar(0.5, 0.9), al.MinCvar(0.9), al.MaxMean()], ids=lambda o: type(o).__name__)
def test_all_limits_together(folder, objective):
    book = read_book(folder / "contracts.csv", folder / "quotes.csv", folder / "trades.csv", AS_OF)
    m = market(60)
    answer = improve(book, m, objective, read_limits(folder / "limits.yaml", book, m), confidence=0.9)
    x, trades = answer.solution.positions, answer.solution.trades
    assert answer.solution.certificate.relative_gap < 1e-6
    assert trades[5] == pytest.approx(0.0, abs=1e-9)
    assert x[:2] == pytest.approx(np.round(x[:2]), abs=1e-6)
    assert abs(x[0] * 335 + x[1] * 120) <= 9000 + 1e-6
    assert np.abs(x) @ np.array([500, 700, 500, 100, 50, 0]) <= 20000 + 1e-4
    assert abs(x[0] + x[1] - x[2]) <= 15 + 1e-6
    assert np.abs(trades).sum() <= 45 + 1e-6
    assert answer.after["cvar_eur"] <= 120000 + 1e-3
    assert al.evaluate(answer.problem, objective, x) == pytest.approx(answer.solution.value, rel=1e-7)
    # cash flow by hand: payoff less what the trades cost at bid and ask, held marked at mid
    units = np.array([i.quantity(m) for i in book.instruments])
    fair = payoffs(book.instruments, m).mean(axis=0) / units
    bid, ask = np.where(book.is_quoted, book.bid, fair), np.where(book.is_quoted, book.ask, fair)
    cash = np.where(trades > 0, trades * ask, trades * bid) @ units + (book.held * (bid + ask) / 2) @ units
    pnl = payoffs(book.instruments, m) @ x - cash
    assert answer.after["expected_pnl_eur"] == pytest.approx(pnl.mean(), rel=1e-9, abs=1e-6)
    assert {r["contract"] for r in answer.rows()} == set(book.names)


def test_limits_that_cannot_hold_are_named(folder, tmp_path):
    book = read_book(folder / "contracts.csv", folder / "quotes.csv", folder / "trades.csv", AS_OF)
    m = market(60)
    (tmp_path / "tight.yaml").write_text(
        "- {limit: net, name: cover, where: {name: DE base}, low: 30}\n- {limit: gross, name: margin, where: {}, per: margin, high: 9000}\n"
    )
    with pytest.raises(al.ConflictingLimitsError) as caught:
        improve(book, m, al.MinCvar(), read_limits(tmp_path / "tight.yaml", book, m))
    assert set(caught.value.conflicts) == {"cover", "margin"}
    # 12 of 30 MW is the smaller share to give way by than 6,000 of 9,000 EUR
    assert caught.value.amounts == pytest.approx({"cover": 12.0})


def test_mistakes_of_the_files_are_all_listed(folder, tmp_path):
    (tmp_path / "c.csv").write_text("name,kind,first_day,last_day,colour\na,swap,2025-01-01,2025-01-02,red\nb,forward,soon,2025-01-02,\n")
    (tmp_path / "q.csv").write_text("contract,bid\nz,1\n")
    with pytest.raises(al.BadProblemError) as caught:
        read_book(tmp_path / "c.csv", tmp_path / "q.csv")
    text = str(caught.value)
    for part in ("kind 'swap'", "line 3", "colour", "column(s) ask"):
        assert part in text
    book = read_book(folder / "contracts.csv", folder / "quotes.csv")
    (tmp_path / "l.yaml").write_text(
        "- {limit: net, name: nothing, where: {zone: MARS}}\n- {limit: odd, name: odd}\n- {limit: factor, name: f, factor: wind}\n"
    )
    with pytest.raises(al.BadProblemError) as caught:
        read_limits(tmp_path / "l.yaml", book, market(2))
    assert len(caught.value.problems) == 3


CONTRACTS = "name,kind,first_day,last_day,zone\nBASE,forward,2025-04-01,2025-04-30,DE\n"


@pytest.mark.parametrize(
    ("contracts", "quotes", "trades", "told"),
    [
        (CONTRACTS, 'contract,bid,ask\nBASE,"70,1","70,5"\n', None, ("q.csv line 2, column 'bid': '70,1'", "column 'ask': '70,5'", "decimal comma")),
        (CONTRACTS, "contract,bid,ask\nBASE,n/a,70\n", "contract,position,price\nBASE,,70\nBASE,5,69\n", ("t.csv line 2, column 'position'",)),
        (CONTRACTS, "contract,bid,ask,known_at\nBASE,69,70,20.03.2025 10:00\n", None, ("q.csv", "'20.03.2025 10:00'", "ISO")),
        (CONTRACTS, "contract,bid,ask\nBASE,69,70\nBASE,79,80\n", None, ("q.csv lines 2, 3: several quotes of 'BASE'",)),
        (CONTRACTS, "contract,bid,ask\nBASE,69.125,70.250\n", None, ("69.125 or 69125",)),
        (CONTRACTS, "contract,bid,ask\n", None, ("q.csv: line 1: a header and no row",)),
        (CONTRACTS.replace("2025-04-30", "31.04.2025"), "contract,bid,ask\nBASE,69,70\n", None, ("c.csv line 2", "'31.04.2025' is no date")),
    ],
)
def test_a_bad_cell_of_the_book_names_file_line_and_value(tmp_path, contracts, quotes, trades, told):
    for name, text in (("c.csv", contracts), ("q.csv", quotes), ("t.csv", trades)):
        if text is not None:
            (tmp_path / name).write_text(text)
    with pytest.raises(al.BadProblemError) as caught:
        read_book(tmp_path / "c.csv", tmp_path / "q.csv", tmp_path / "t.csv" if trades else None)
    assert [t for t in told if t not in str(caught.value)] == []


def test_a_book_with_semicolons_and_stated_marks_is_read(tmp_path):
    (tmp_path / "c.csv").write_text(CONTRACTS.replace(",", ";"))
    (tmp_path / "q.csv").write_text("contract;bid;ask;known_at\nBASE;69,125;1.070,5;2025-03-20 10:00+01\nBASE;68;69;2025-03-20 08:00Z\n")
    book = read_book(tmp_path / "c.csv", tmp_path / "q.csv", layout=FileLayout(decimal=",", thousands="."))
    assert (book.bid.tolist(), book.ask.tolist()) == ([69.125], [1070.5])


def test_a_position_without_a_quote_is_valued_and_kept():
    m = market(40)
    nan = np.array([np.nan])
    book = ForwardBook((one("forward", "old"),), nan, nan, np.array([5.0]))
    problem = problem_of(book, m)
    assert problem.pnl(np.array([5.0])).mean() == pytest.approx(0.0, abs=1e-6)
    assert al.solve(problem, al.MinVariance()).positions.tolist() == [5.0]


def test_the_command(folder):
    files = [
        "--contracts",
        "contracts.csv",
        "--quotes",
        "quotes.csv",
        "--trades",
        "trades.csv",
        "--prices",
        "prices.parquet",
        "--limits",
        "limits.yaml",
    ]
    arguments = [str(folder / a) if "." in a else a for a in files]
    done = CliRunner().invoke(app, ["book", "improve", *arguments, "--as-of", "2025-03-20T12:00:00", "--confidence", "0.9"])
    assert done.exit_code == 0, done.output
    assert "DE base" in done.output
    assert "bound" in done.output
    assert CliRunner().invoke(app, ["book", "improve", *arguments, "--objective", "luck"]).exit_code == 1


def test_a_copy_of_the_market_on_other_days_has_the_block_hours_of_its_days():
    sunday, monday = date(2025, 3, 23), date(2025, 3, 24)
    one_day = Market((sunday,), ZONE, 60, {"DE": np.zeros((2, 24))})
    assert one_day.hours("peak", sunday, sunday).sum() == 0.0
    assert replace(one_day, days=(monday,)).hours("peak", monday, monday).sum() == 12.0
