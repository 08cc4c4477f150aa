"""The whole book: every open MWh marked and explained, against a slow oracle that knows hours only."""

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from energy_pipeline.book.ledger import open_deals, pieces, with_deals
from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.domain.blocks import BLOCKS, profile
from energy_pipeline.domain.delivery import DeliveryDay
from energy_pipeline.domain.errors import MissingDayError, SourceError
from energy_pipeline.information.archive import Archive
from energy_pipeline.portfolio.ledger_files import QUOTES, RATES, TRADES, checked_quotes, checked_rates, checked_trades
from energy_pipeline.portfolio.term_curve import Calendar, CurveError, curve_days
from energy_pipeline.risk.explained import book_explain
from energy_pipeline.risk.marks import mark_to_market
from energy_pipeline_tests.portfolio.small_desk import desk_of

FIRST = date(2025, 10, 5)
DAYS = 40
BERLIN = ZoneInfo("Europe/Berlin")
OLD = "2025-09-01T09:00:00Z"
TRADED = [
    "year,alpha,NORTH,base,2026-01-01,2026-12-31,5,80,EUR," + OLD,
    "autumn,beta,NORTH,base,2025-10-01,2025-12-31,-7,75,EUR," + OLD,
    "november,alpha,SOUTH,peak,2025-11-01,2025-11-30,12,95,EUR," + OLD,
    "nights,beta,SOUTH,offpeak,2025-10-13,2025-11-09,-3.5,55,EUR," + OLD,
    "zloty,beta,NORTH,peak,2025-10-20,2025-12-15,4,390,PLN," + OLD,
    "strip,alpha,NORTH,h02,2025-10-20,2025-10-31,9,41,EUR," + OLD,  # the hour that autumn repeats
    "strip,alpha,NORTH,h18,2025-10-20,2025-10-31,9,140,EUR," + OLD,
    "short,alpha,NORTH,base,2025-10-10,2025-10-12,20,60,EUR," + OLD,
    "later,beta,NORTH,base,2025-11-01,2025-11-30,6,70,EUR,2025-10-14T12:00:00Z",
    "late,alpha,NORTH,base,2025-10-15,2025-11-02,2,64,EUR,2025-10-18T12:00:00Z",  # told after delivery had begun
    "autumn,beta,NORTH,base,2025-10-01,2025-12-31,-9,76,EUR,2025-10-21T08:00:00Z",  # amended
    "november,alpha,SOUTH,peak,2025-11-01,2025-11-30,0,95,EUR,2025-10-28T08:00:00Z",  # closed
]


def desk_with_ledger(**changes):
    parties = {"alpha": {"credit_limit_eur": 500_000}, "beta": {}}
    files = {"trades": "trades.csv", "quotes": "quotes.csv", "exchange_rates": "fx.csv", "counterparties": parties}
    return desk_of(ledger={**files, **changes})


def text(names, lines):
    return pl.DataFrame([line.split(",") for line in lines], schema=list(names), orient="row")


def trades_of(desk, lines=TRADED):
    return checked_trades(text(TRADES, lines), desk.ledger, desk)


class Autumn:
    """Forty decisions: prices, a published week, quotes around a hidden curve, rates that move."""

    def __init__(self):
        self.desk = desk_with_ledger()
        rng = np.random.default_rng(11)
        self.level = {d: 70 + 6 * np.sin(n / 9) + rng.normal(0, 2) for n, d in enumerate(self.span(-80, DAYS + 10))}
        self.noise = {(z, d): rng.normal(0, 6, 24) for z in self.desk.zones for d in self.level}
        rates = [f"PLN,{0.23 + 0.0003 * n:.4f},{d}T06:00:00Z" for n, d in enumerate(self.span(-30, DAYS))]
        self.rates = checked_rates(text(RATES, rates), self.desk.ledger)
        self.quotes = checked_quotes(text(QUOTES, list(self.quoted())), self.desk.ledger, self.desk)
        self.archive = Archive(self.desk, {"day_ahead_prices": self.auctions(), "forward_quotes": table("forward_quotes").frame()})

    @staticmethod
    def span(first, last):
        return [FIRST + timedelta(days=n) for n in range(first, last)]

    def hourly(self, zone, day):
        """Prices of the day's hours in UTC order."""
        slots = DeliveryDay(day, "Europe/Berlin").slots(60)
        shape = 14 * np.sin((slots - 6) / 24 * 2 * np.pi) - 8 * (day.weekday() >= 5) + 3 * (zone == "SOUTH")
        return self.level[day] + shape + self.noise[zone, day][slots]

    def auctions(self):
        rows = []
        for zone in self.desk.zones:
            for day in self.span(-80, DAYS):
                delivery = DeliveryDay(day, "Europe/Berlin")
                known = datetime.combine(day - timedelta(days=1), time(11, 45), UTC)
                for start, price in zip(delivery.interval_starts_us(60), self.hourly(zone, day), strict=True):
                    rows.append((day, zone, int(start), 60, float(price), known, "test"))
        names = ["delivery_day", "zone", "delivery_start", "resolution_minutes", "price_eur_mwh", "known_at", "source"]
        frame = pl.DataFrame(rows, schema=names, orient="row").with_columns(
            pl.from_epoch("delivery_start", "us").dt.replace_time_zone("UTC"), pl.col("resolution_minutes").cast(pl.Int32)
        )
        return frame.select(table("day_ahead_prices").schema.keys())

    def quoted(self):
        periods = [("base", "2025-11-01", "2025-11-30"), ("peak", "2025-11-01", "2025-11-30"), ("base", "2025-12-01", "2025-12-31")]
        periods += [("base", "2026-01-01", "2026-03-31"), ("base", "2026-01-01", "2026-12-31"), ("peak", "2026-01-01", "2026-12-31")]
        for n, day in enumerate(self.span(-2, DAYS)):
            for block, first, last in periods:
                mid = 76 + 0.2 * n + 9 * (block == "peak") + 2 * (last == "2026-03-31") + np.sin(n)
                yield f"NORTH,{block},{first},{last},{mid - 0.3:.2f},{mid + 0.3:.2f},{day - timedelta(days=1)}T10:00:00Z"

    def week(self, day):
        frames = []
        for zone in self.desk.zones:
            for n in range(7):
                target = day + timedelta(days=n)
                minutes = self.desk.zones[zone].resolution_minutes(target)
                starts = DeliveryDay(target, "Europe/Berlin").interval_starts_us(minutes)
                price = np.repeat(self.hourly(zone, target), 60 // minutes) + 1.5 * n + 0.1 * day.day
                data = {"delivery_day": day, "target_day": target, "zone": zone, "resolution_minutes": minutes, "basis": "forecast", "contracts": ""}
                frame = {"delivery_start": pl.from_epoch(pl.Series(starts), "us").dt.replace_time_zone("UTC"), "price_eur_mwh": price}
                full = {**frame, "forecast_eur_mwh": price, **{k: [v] * len(starts) for k, v in data.items()}}
                frames.append(table("forward_curve").frame({c: full[c] for c in table("forward_curve").schema}))
        return pl.concat(frames)

    @cache  # noqa: B019 - one object for the module
    def decided(self, day, lines=tuple(TRADED)):
        info = self.archive.at(day)
        deals = enforce(table("deals"), open_deals(self.desk, day, info.decision_time, trades_of(self.desk, lines), self.rates), day)
        curve = enforce(table("curve_days"), curve_days(info, self.week(day), deals, self.quotes), day)
        return deals, curve, enforce(table("mark_to_market"), mark_to_market(self.desk, info.day, deals, curve), day)

    def explained(self, day, lines=tuple(TRADED)):
        frames = [pl.concat(parts) for parts in zip(self.decided(day - timedelta(days=1), lines), self.decided(day, lines), strict=True)]
        return enforce(table("book_explain"), book_explain(self.archive.at(day), *frames), day)


@pytest.fixture(scope="module")
def autumn():
    return Autumn()


def hours_of(day):
    """(local hour, is it a peak hour) of every hour of a local day, by the clock alone."""
    at, found = datetime.combine(day, time(0), BERLIN).astimezone(UTC), []
    while (local := at.astimezone(BERLIN)).date() == day:
        found.append((local.hour, local.weekday() < 5 and 8 <= local.hour < 20))
        at += timedelta(hours=1)
    return found


def oracle_hours(day, block):
    """Whether each hour of a day is in a block."""
    kinds = {"base": (True, True), "peak": (False, True), "offpeak": (True, False)}
    return [kinds[block][peak] if block in kinds else hour == int(block[1:]) for hour, peak in hours_of(day)]


@pytest.mark.parametrize("day", [date(2025, 10, 26), date(2026, 3, 29), date(2026, 3, 30), date(2026, 3, 28)])
def test_blocks_and_the_calendar_count_the_hours_that_the_clock_has(day):
    calendar = Calendar.of(day - timedelta(days=2), 4, "Europe/Berlin")
    for block in BLOCKS:
        hours = oracle_hours(day, block)
        assert profile(block, DeliveryDay(day, "Europe/Berlin"), 60).tolist() == [float(h) for h in hours]
        assert calendar.block_hours(block)[2].sum() == sum(hours)


def oracle_terms(day):
    """Deals of the opening book and the ledger that an operator would list on the morning of a decision: name, terms, MW."""
    found = {"NORTH base #1": ("NORTH", "base", date(2024, 1, 1), date(2027, 1, 1), -10.0, 70.0, "EUR")}
    decided = datetime.combine(day - timedelta(days=1), time(11, 15), BERLIN)
    for line in TRADED:
        deal, _, zone, block, first, last, mw, price, currency, known = line.split(",")
        name = deal if deal != "strip" else f"strip.{1 if block == 'h02' else 2}"
        if datetime.fromisoformat(known) <= decided:
            found[name] = (zone, block, date.fromisoformat(first), date.fromisoformat(last), float(mw), float(price), currency)
    return {n: t for n, t in found.items() if t[3] >= day and t[4] != 0.0}


def test_marks_and_explain_agree_with_hours_counted_one_by_one_over_forty_days(autumn):
    """Cascading and expiry, amended, closed and late deals, zloty, and the 25-hour day."""
    rate = dict(zip(autumn.rates["known_at"].dt.date().to_list(), autumn.rates["rate"].to_list(), strict=True))
    total = defaultdict(float)
    values = {}
    for n, day in enumerate(Autumn.span(0, DAYS)):
        deals, curve, marks = autumn.decided(day)
        terms = oracle_terms(day)
        assert set(deals["deal"]) == set(terms)
        price = {(r["zone"], r["block"], r["target_day"]): r["price_eur_mwh"] for r in curve.to_dicts()}
        values[day] = dict.fromkeys(terms, 0.0)
        energy = dict.fromkeys(terms, 0.0)
        for name, (zone, block, first, last, mw, paid, currency) in terms.items():
            entry = paid * (rate[day - timedelta(days=1)] if currency == "PLN" else 1.0)
            for d in range((last - max(first, day)).days + 1):
                at = max(first, day) + timedelta(days=d)
                for inside in oracle_hours_of(at, block):
                    values[day][name] += inside * mw * (price.get((zone, block, at), 0.0) - entry)
                    energy[name] += inside * mw
        own = marks.group_by("deal").agg(pl.col("energy_mwh", "value_eur").sum())
        for row in own.to_dicts():
            assert row["energy_mwh"] == pytest.approx(energy[row["deal"]], abs=1e-6)
            assert row["value_eur"] == pytest.approx(values[day][row["deal"]], abs=1e-4)
        assert set(own["deal"]) == {name for name, mwh in energy.items() if mwh}
        if n == 0:
            continue
        found = autumn.explained(day)
        book = {(r["tenor"], r["leg"]): r["value_eur"] for r in found.filter(pl.col("deal") == "book").to_dicts()}
        assert abs(book["all", "unexplained"]) < 1e-3, "1 EUR is allowed"
        before = day - timedelta(days=1)
        cash = sum(oracle_cash(autumn, t, before, rate[before - timedelta(days=1)]) for t in oracle_terms(before).values())
        late = {"late": [d for d in Autumn.span(10, 40) if d < day]} if day == date(2025, 10, 20) else {}
        cash += sum(oracle_cash(autumn, terms[name], d, 1.0) for name, days in late.items() for d in days)
        assert book["all", "change"] == pytest.approx(sum(values[day].values()) - sum(values[before].values()) + cash, abs=1e-3)
        for (_, leg), value in book.items():
            total[leg] += value
    assert {"delivered", "curve", "new", "amended", "gone", "late", "exchange_rate"} <= {leg for leg, value in total.items() if value}


@cache
def oracle_hours_of(day, block):
    return oracle_hours(day, block)


def oracle_cash(autumn, terms, day, rate):
    zone, block, first, last, mw, paid, currency = terms
    if not first <= day <= last:
        return 0.0
    entry = paid * (rate if currency == "PLN" else 1.0)
    return sum(inside * mw * (p - entry) for inside, p in zip(oracle_hours_of(day, block), autumn.hourly(zone, day), strict=True))


def test_a_year_is_cut_into_quarters_and_months_as_it_is_delivered():
    cut = [tenor for tenor, _, _ in pieces(date(2026, 2, 10), date(2027, 12, 31), date(2026, 2, 16))]
    assert cut == ["day"] * 7 + ["month", "month", "quarter", "quarter", "quarter", "year"]


def test_every_price_says_what_it_rests_on_and_lies_between_bid_and_ask(autumn):
    day = date(2025, 10, 20)
    _, curve, marks = autumn.decided(day)
    own = {(r["block"], r["target_day"]): r for r in curve.filter(pl.col("zone") == "NORTH").to_dicts()}
    seen = autumn.quotes.filter(pl.col("known_at") <= autumn.archive.at(day).decision_time).unique(QUOTES[:4], keep="last", maintain_order=True)
    assert seen.height == 6
    for q in seen.to_dicts():
        days = [
            own[q["block"], d]
            for d in (q["first_day"] + timedelta(days=n) for n in range((q["last_day"] - q["first_day"]).days + 1))
            if (q["block"], d) in own
        ]
        mean = sum(r["hours"] * r["price_eur_mwh"] for r in days) / sum(r["hours"] for r in days)
        assert q["bid"] - 1e-6 <= mean <= q["ask"] + 1e-6
        assert {r["mark_level"] for r in days} == {"interpolated"}
    assert own["base", date(2025, 10, 24)]["mark_level"] == "model", "the published mean"
    assert own["base", date(2027, 1, 1)]["mark_level"] == "model", "beyond the last quote"
    assert own["base", date(2027, 1, 1)]["error_eur_mwh"] > 0
    last, after = (own["offpeak", d]["price_eur_mwh"] for d in (date(2026, 12, 27), date(2027, 1, 1)))
    assert abs(last - after) < 25, "the last quoted level, with shape"
    assert set(marks["mark_level"]) == {"quoted", "interpolated", "model"}
    level = {(r["deal"], r["target_day"]): r["mark_level"] for r in marks.to_dicts()}
    assert level["year", date(2026, 1, 1)] == "quoted", "the very contract"
    assert level["autumn", date(2025, 12, 1)] == "quoted", "December"
    assert level["autumn", date(2025, 10, 27)] == "model", "the rest of October has no quote"
    assert level["zloty", date(2025, 12, 1)] == "interpolated", "peak from base, and half a month"
    assert marks.filter(pl.col("mark_level") == "model", pl.col("target_day") > day + timedelta(days=7))["error_eur"].min() > 0


def test_quotes_that_no_curve_can_keep_are_named(autumn):
    lines = ["NORTH,base,2026-01-01,2026-03-31,80,81,2025-10-19T08:00:00Z", "NORTH,base,2026-04-01,2026-12-31,80,81,2025-10-19T08:00:00Z"]
    lines += ["NORTH,base,2026-01-01,2026-12-31,82,83,2025-10-19T08:00:00Z", "NORTH,base,2025-12-01,2025-12-31,70,71,2025-10-19T08:00:00Z"]
    crossed = checked_quotes(text(QUOTES, lines), autumn.desk.ledger, autumn.desk)
    day = date(2025, 10, 20)
    with pytest.raises(CurveError, match=r"NORTH: no curve lies between bid and ask of .*line 2.*line 4.*line 3.* -> correct one") as error:
        curve_days(autumn.archive.at(day), autumn.week(day), autumn.decided(day)[0], crossed)
    assert "line 5" not in str(error.value), "December has nothing to do with it"


def one_more(autumn, day, block, first, last, mw=50, price=None, currency="EUR"):
    """The ledger with a deal done before the decision for a day, at its mark."""
    asked = f"probe,alpha,NORTH,{block},{first},{last},{mw},0,EUR,{day - timedelta(days=1)}T08:00:00Z"
    marks = autumn.decided(day, (*TRADED, asked))[2].filter(pl.col("deal") == "probe")
    mark = float((marks["energy_mwh"] * marks["curve_price_eur_mwh"]).sum() / marks["energy_mwh"].sum())
    done = (
        f"probe,alpha,NORTH,{block},{first},{last},{mw},{price if price is not None else repr(mark)},{currency},{day - timedelta(days=1)}T08:00:00Z"
    )
    return (*TRADED, done)


def test_a_deal_at_its_mark_earns_nothing_on_its_first_day(autumn):
    day = date(2025, 10, 20)
    for block, first, last in (("base", "2026-01-01", "2026-12-31"), ("peak", "2025-10-21", "2025-11-14"), ("h07", "2025-11-01", "2025-11-30")):
        lines = one_more(autumn, day, block, first, last)
        own = autumn.explained(day, lines).filter(pl.col("deal") == "probe", pl.col("leg") == "change")
        assert own["value_eur"].to_list() == pytest.approx([0.0], abs=1e-6)


def test_a_hedge_at_the_realised_price_earns_nothing_when_it_is_delivered(autumn):
    day = date(2025, 10, 27)  # the day of 25 hours is between
    prices, hours = autumn.hourly("NORTH", date(2025, 10, 26)), 25
    lines = (*TRADED, f"probe,alpha,NORTH,base,2025-10-26,2025-10-26,50,{float(prices.sum() / hours)!r},EUR,2025-10-20T08:00:00Z")
    change = autumn.explained(day, lines).filter(pl.col("deal") == "probe", pl.col("leg") == "change")["value_eur"][0]
    value_before = autumn.decided(date(2025, 10, 26), lines)[2].filter(pl.col("deal") == "probe")["value_eur"].sum()
    assert change + value_before == pytest.approx(0.0, abs=1e-6)


def test_money_of_another_currency_is_right_to_the_cent(autumn):
    """Decimal arithmetic of one deal in zloty, from the tables' own prices."""
    day = date(2025, 10, 22)
    _, curve, marks = autumn.decided(day)
    rate, total = Decimal(str(autumn.rates.filter(pl.col("known_at").dt.date() == day - timedelta(days=1))["rate"][0])), Decimal(0)
    for r in curve.filter(pl.col("zone") == "NORTH", pl.col("block") == "peak", pl.col("target_day") <= date(2025, 12, 15)).to_dicts():
        total += 4 * Decimal(r["hours"]) * (Decimal(r["price_eur_mwh"]) - 390 * rate)
    own = marks.filter(pl.col("deal") == "zloty")["value_eur"].sum()
    assert abs(Decimal(own) - total) < Decimal("0.005")


def test_what_comes_after_the_decision_changes_nothing(autumn):
    day = date(2025, 10, 13)
    future = [line for line in TRADED if line.split(",")[-1] > "2025-10-12T10"]
    assert future
    for one, other in zip(autumn.decided(day), autumn.decided(day, tuple(line for line in TRADED if line not in future)), strict=True):
        assert one.equals(other)


def test_whatever_looks_at_held_positions_sees_the_ledger(autumn):
    deals = autumn.decided(date(2025, 10, 21))[0]
    held = with_deals(autumn.desk, deals).opening_book
    assert sum(o.position_mw for o in held if o.zone == "NORTH" and o.block == "base" and o.first_day <= date(2025, 10, 21)) == -10 - 7 + 2
    assert with_deals(autumn.desk, deals.filter(pl.col("source") == "desk")) is autumn.desk


def test_an_earlier_decision_s_line_may_not_change_or_go(autumn):
    day = date(2025, 10, 8)
    before, decided = autumn.decided(date(2025, 10, 7))[0], autumn.archive.at(day).decision_time
    changed = [TRADED[0].replace(",5,80,", ",5,81,"), *TRADED[2:]]
    with pytest.raises(SourceError, match=r"trades.csv: 2 line\(s\) changed or gone; a ledger is only added to -> put the lines back") as error:
        open_deals(autumn.desk, day, decided, trades_of(autumn.desk, changed), autumn.rates, before)
    assert "trades.csv line 2, deal 'year'" in str(error.value)
    assert "5 MW at 80 EUR" in str(error.value)
    assert "(line gone), deal 'autumn'" not in str(error.value) or "-7 MW at 75" in str(error.value)
    open_deals(autumn.desk, day, decided, trades_of(autumn.desk), autumn.rates, before)


GOOD = TRADED[0].split(",")
WRONG_TRADES = {
    "an unknown counterparty": ({1: "gamma"}, r"trades.csv line 3, column 'counterparty': 'gamma' .*-> name it .*alpha, beta"),
    "an empty volume": ({6: ""}, r"trades.csv line 3, column 'position_mw': empty -> every line needs it"),
    "a decimal comma": ({7: "80;5"}, r"trades.csv line 3, column 'price': '80,5' is no number \(a decimal comma\) -> set `decimal: ','`"),
    "a word for a volume": ({6: "ten"}, r"trades.csv line 3, column 'position_mw': 'ten' is no number"),
    "a zone that is none": ({2: "EAST"}, r"trades.csv line 3, column 'zone': 'EAST' -> one of NORTH, SOUTH"),
    "a block that is none": ({3: "h24"}, r"trades.csv line 3, column 'block': 'h24' -> base, peak, offpeak, or an hour"),
    "a date that is none": ({4: "2026-02-30"}, r"trades.csv line 3, column 'first_day': '2026-02-30' is no date -> write it as"),
    "an end before its beginning": ({5: "2025-12-31"}, r"trades.csv line 3, columns 'first_day' and 'last_day': 2025-12-31 is before 2026-01-01"),
    "an instant without a zone": ({9: "2025-09-01T09:00:00"}, r"trades.csv line 3, column 'known_at': '2025-09-01T09:00:00' -> .*time zone"),
    "a currency that is none": ({8: "euro"}, r"trades.csv line 3, column 'currency': 'euro' -> write three capitals"),
    "overlapping legs": ({3: "h07"}, r"trades.csv line 3, deal 'year': h07 2026-01-01..2026-12-31 overlaps line 2 -> correct days or block"),
}


@pytest.mark.parametrize("kind", WRONG_TRADES)
def test_a_wrong_line_of_trades_is_told_with_file_line_value_and_next_step(kind):
    changes, expected = WRONG_TRADES[kind]
    cells = [changes.get(i, cell) for i, cell in enumerate(GOOD)]
    if kind != "overlapping legs":
        cells[0] = "other"
    frame = text(TRADES, [TRADED[0], ",".join(cells)]).with_columns(pl.all().str.replace(";", ",", literal=True))
    desk = desk_with_ledger()
    with pytest.raises(SourceError, match=expected):
        checked_trades(frame, desk.ledger, desk)


def test_wrong_quotes_and_rates_are_told_with_file_line_value_and_next_step():
    desk = desk_with_ledger()
    good = "NORTH,base,2026-01-01,2026-03-31,80,81,2025-10-19T08:00:00Z"
    wrong = {
        good.replace("80,81", "81.5,81"): r"quotes.csv line 3, columns 'bid' and 'ask': bid 81.5 is above ask 81 -> correct",
        good.replace("80,81", "80,82"): r"quotes.csv line 3, 80.0/82.0 is a second quote of NORTH base .*beside line 2 -> keep one",
        good.replace("80,81", ",81"): r"quotes.csv line 3, column 'bid': empty",
        good.replace("base", "h07"): r"quotes.csv line 3, column 'block': 'h07' -> base, peak, offpeak$",
    }
    for line, expected in wrong.items():
        with pytest.raises(SourceError, match=f"(?m){expected}"):
            checked_quotes(text(QUOTES, [good, line]), desk.ledger, desk)
    with pytest.raises(SourceError, match=r"fx.csv line 2, column 'rate': -4 -> a rate is above 0"):
        checked_rates(text(RATES, ["PLN,-4,2025-10-19T08:00:00Z"]), desk.ledger)
    with pytest.raises(SourceError, match=r"quotes.csv line 1: no column zone; unknown column place -> the columns are zone, block"):
        checked_quotes(text(QUOTES, [good]).rename({"zone": "place"}), desk.ledger, desk)


def test_a_deal_without_a_known_rate_is_named_and_so_is_one_without_a_curve(autumn):
    day = date(2025, 10, 20)
    decided = autumn.archive.at(day).decision_time
    late = autumn.rates.filter(pl.col("known_at") > decided)
    with pytest.raises(
        SourceError, match=r"(?s)trades.csv: 1 deal.*add a line to fx.csv with a known_at.*line 6, deal 'zloty': no rate of 'PLN' to EUR"
    ):
        open_deals(autumn.desk, day, decided, trades_of(autumn.desk), late)
    deals, curve, _ = autumn.decided(day)
    with pytest.raises(MissingDayError, match="no curve for year to 2026-12-31"):
        mark_to_market(
            autumn.desk, autumn.archive.at(day).day, deals.filter(pl.col("deal") == "year"), curve.filter(pl.col("target_day") < date(2026, 5, 1))
        )
