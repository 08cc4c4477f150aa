"""Contracts of the tables of the whole book: what is open, its curve, its marks, why they changed.

What belongs here: `deals` and `curve_days` (portfolio), marks and their explanation (risk). What does not: the day's book
(`portfolio`), its measures (`risk`).
"""

from __future__ import annotations

from energy_pipeline.contracts import columns as c
from energy_pipeline.contracts.derived.risk import VERDICTS
from energy_pipeline.contracts.model import Column, Table
from energy_pipeline.domain.blocks import BLOCKS

TENORS = ("day", "week", "month", "quarter", "year")
MARK_LEVELS = ("quoted", "interpolated", "model")
MARK_LEVEL = "What the price rests on: a quote of that very block and period, quotes around it, or what nobody quotes (published mean, past level)."

DEALS = Table(
    name="deals",
    stage="portfolio",
    flow="decide",
    description="Every deal that still delivers on D or later, as known at the decision: the desk's opening book and its ledger.",
    key=("deal",),
    columns=(
        c.DELIVERY_DAY,
        c.text("deal", "Its name; of a deal with several legs with the leg's number."),
        c.text("trade", "Name in the ledger; of the opening book as `deal`."),
        Column("leg", "i32", "Leg of the trade.", "1", minimum=0, reason="a number"),
        c.text("source", "Where it stands: the desk file's opening_book, or the ledger.", allowed=("desk", "ledger")),
        c.text("counterparty", "Who it is with; empty for the opening book."),
        c.ZONE,
        c.text("block", "Delivery block.", allowed=BLOCKS),
        c.text("tenor", "Period that is left of it.", allowed=(*TENORS, "other")),
        Column("first_day", "date", "First delivery day."),
        Column("last_day", "date", "Last delivery day."),
        c.power("position_mw", "Bought is positive."),
        Column("price", "f64", "Price it was done at, in `currency`.", "currency/MWh"),
        c.text("currency", "Of the price."),
        Column("exchange_rate", "f64", "Desk's currency for one of the deal's, as known at the decision.", "1", minimum=0.0, reason="a rate"),
        c.price("price_eur_mwh", "Price in the desk's currency."),
        Column("is_proxy", "bool", "True when it was entered at a declared proxy."),
        Column("known_at", "timestamp", "When the ledger's line was known, UTC; null for the opening book.", nullable=True),
    ),
    may_be_empty=True,
)

CURVE_DAYS = Table(
    name="curve_days",
    stage="portfolio",
    flow="decide",
    description="The curve of the whole book to the last day held or quoted: mean price of each block and day, and what it rests on.",
    key=("zone", "block", "target_day"),
    columns=(
        c.DELIVERY_DAY,
        c.ZONE,
        c.text("block", "base, peak, offpeak, and each hour that is held.", allowed=BLOCKS),
        Column("target_day", "date", "Day of delivery."),
        Column("hours", "f64", "Hours of the block on the day.", "h", minimum=0.0, reason="a length of time"),
        c.second_price("price_eur_mwh", "Mean of the curve over the block."),
        c.text("mark_level", MARK_LEVEL, allowed=MARK_LEVELS),
        Column("quoted_from", "date", "First day of the shortest contract of that very block quoted over the day; null: none.", nullable=True),
        Column("quoted_to", "date", "Its last day.", nullable=True),
        Column("rests_on_proxy", "bool", "True when a declared proxy's quote is under it."),
        Column(
            "error_eur_mwh",
            "f64",
            "How far a level that nobody quotes may be off (deviation of past 28-day means); null where quoted or published.",
            "EUR/MWh",
            True,
            0.0,
            None,
            "a deviation",
        ),
    ),
    may_be_empty=True,
    is_mart=True,
)

MARK_TO_MARKET = Table(
    name="mark_to_market",
    stage="risk",
    flow="decide",
    description="Every open MWh on the decision's curve: each deal by day inside the published week, later by the periods it is cut into.",
    key=("deal", "target_day"),
    columns=(
        c.DELIVERY_DAY,
        c.text("deal", "As in `deals`."),
        c.ZONE,
        c.text("block", "Delivery block."),
        Column("target_day", "date", "First day of the period."),
        Column("energy_mwh", "f64", "Bought is positive; the delta to the period's price.", "MWh"),
        c.price("entry_price_eur_mwh", "Price it was entered at."),
        c.second_price("curve_price_eur_mwh", "Mean of the curve over the period's hours."),
        c.money("value_eur", "energy x (curve - entry)."),
        c.text("basis", "What sets the curve's level.", allowed=("quotes", "proxy_quotes", "forecast", "past_prices")),
        Column("is_proxy", "bool", "True when the entry price is a declared proxy."),
        Column("last_day", "date", "Last day of the period; null: its first.", nullable=True, since=2, default=None),
        c.text("tenor", "What the period is of its month, quarter or year.", allowed=TENORS, since=2, default="day"),
        c.text("counterparty", "Who the deal is with; empty for the opening book.", since=2, default=""),
        c.text("mark_level", MARK_LEVEL, allowed=MARK_LEVELS, since=2, default="model"),
        Column("error_eur", "f64", "How far the value may be off where nobody quotes the level.", "EUR", True, 0.0, None, "a deviation", since=2),
    ),
    version=2,
    may_be_empty=True,
    is_mart=True,
)

BOOK_EXPLAIN = Table(
    name="book_explain",
    stage="risk",
    flow="decide",
    description="Why the whole book changed in value since the decision before, with the cash of the day between: by deal, tenor and leg.",
    key=("deal", "tenor", "leg"),
    columns=(
        c.DELIVERY_DAY,
        c.text("deal", "As in `deals`, or book: all of them."),
        c.ZONE,
        c.text("block", "Delivery block; empty for the book."),
        c.text("counterparty", "Who the deal is with; empty for the opening book and the book."),
        c.text("tenor", "What the period is of its month, quarter or year; all: every one.", allowed=(*TENORS, "all")),
        c.text(
            "leg",
            "delivered: the day delivered, auction against the mark before; late: the same of deals that were not known then; curve: what is still "
            "open, curve against curve; new, amended, gone: deals at today's marks; exchange_rate; change: the whole; unexplained: what they leave.",
            allowed=("delivered", "late", "curve", "new", "amended", "gone", "exchange_rate", "change", "unexplained"),
        ),
        c.money("value_eur", "Gain is positive."),
        c.text("note", "What stands against the number; empty where nothing does."),
    ),
    may_be_empty=True,
    is_mart=True,
)

MARK_RISK = Table(
    name="mark_risk",
    stage="risk",
    flow="decide",
    description="Mark VaR(h): what the value of every open MWh may lose over h days against expectation. Not delivery VaR, and never added to it.",
    key=("horizon_days", "scope", "measure", "level"),
    columns=(
        c.DELIVERY_DAY,
        Column("horizon_days", "i32", "h: days from one mark to the other.", "d", minimum=1, maximum=30, reason="a short horizon"),
        c.text("scope", "book, or a zone."),
        c.text("measure", "Which measure.", allowed=("volatility", "var", "es")),
        c.share("level", "Confidence (0 for volatility)."),
        c.money("value_eur", "A loss is positive; null where too few dates are known.", nullable=True),
        c.count("dates", "Past dates whose moves the book is held against."),
        c.text("note", "What stands against the number."),
    ),
    may_be_empty=True,
    is_mart=True,
)

MARK_CONTRIBUTIONS = Table(
    name="mark_contributions",
    stage="risk",
    flow="decide",
    description="Euler contributions to mark VaR(h); within a horizon, measure, level and kind they add up to the book's.",
    key=("horizon_days", "measure", "level", "component_kind", "component"),
    columns=(
        c.DELIVERY_DAY,
        Column("horizon_days", "i32", "h: days from one mark to the other.", "d", minimum=1, maximum=30, reason="a short horizon"),
        c.text("measure", "Which measure.", allowed=("volatility", "var", "es")),
        c.share("level", "Confidence (0 for volatility)."),
        c.text("component_kind", "What the book is split by.", allowed=("zone", "block", "tenor", "counterparty", "deal")),
        c.text("component", "The part."),
        c.money("contribution_eur", "Its contribution; a loss is positive."),
        c.share("share_of_total", "Contribution over total; null when the total is 0.", nullable=True, minimum=None, maximum=None),
        Column("energy_mwh", "f64", "Open energy of the part; bought is positive.", "MWh"),
    ),
    may_be_empty=True,
    is_mart=True,
)

MARK_VAR_EXCEPTIONS = Table(
    name="mark_var_exceptions",
    stage="risk",
    flow="decide",
    description="Did the value of what was open fall by more since the decision before than its mark VaR(1) said?",
    key=("level",),
    columns=(
        c.DELIVERY_DAY,
        c.share("level", "Confidence."),
        c.money("var_eur", "Mark VaR(1) of the decision before."),
        c.money("es_eur", "Its expected shortfall."),
        c.money("change_eur", "Change of value since then by curve, delivery and exchange rates: without deals that came or went."),
        Column("is_exception", "bool", "True when the fall exceeds the VaR."),
    ),
    may_be_empty=True,
    is_mart=True,
)

MARK_VAR_BACKTESTS = Table(
    name="mark_var_backtests",
    stage="risk",
    flow="decide",
    description="Tests of mark VaR(1) and its shortfall over the decided days up to D.",
    key=("level",),
    columns=(
        c.DELIVERY_DAY,
        c.share("level", "Confidence."),
        Column("days", "i32", "Decided days with one before them.", "1", minimum=1, reason="a count"),
        Column("exceptions", "i32", "Days whose fall exceeded the VaR.", "1", minimum=0, reason="a count"),
        *VERDICTS,
    ),
    may_be_empty=True,
    is_mart=True,
)

BOOK_LIMITS = Table(
    name="book_limits",
    stage="risk",
    flow="decide",
    description="Use of every limit on the whole book: open energy by tenor, shortfall of the marks, credit and concentration by counterparty.",
    key=("limit_name", "scope"),
    columns=(
        c.DELIVERY_DAY,
        c.text("limit_name", "Name in the desk file."),
        c.text("scope", "book, a tenor, or a counterparty."),
        c.text("unit", "Unit of used and bound: MWh, the desk's currency, 1 for shares."),
        Column("used", "f64", "Use, positive.", "see unit"),
        Column("bound", "f64", "The limit.", "see unit", minimum=0.0, reason="a limit"),
        c.share("use_share", "used / bound.", maximum=None, minimum=None),
        c.text("status", "Traffic light.", allowed=("green", "amber", "red")),
        Column("price_eur", "f64", "What a unit more would save of the trades in book_repair; null where they cannot mend it.", "EUR per unit", True),
    ),
    may_be_empty=True,
    is_mart=True,
)

BOOK_REPAIR = Table(
    name="book_repair",
    stage="risk",
    flow="decide",
    description="The cheapest trades in quoted contracts that bring the whole book inside its limits; a proposal, nothing is traded.",
    key=("quoted_contract",),
    columns=(
        c.DELIVERY_DAY,
        c.text("quoted_contract", "Zone, block and days; empty: why there is no proposal."),
        c.power("trade_mw", "Bought (negative: sold)."),
        c.price("price_eur_mwh", "Ask of a purchase, bid of a sale; null without a trade.", nullable=True),
        c.money("cost_eur", "Half-spread paid."),
        c.text("note", "Limits the trades mend, or which conflict and the smallest relaxation."),
    ),
    may_be_empty=True,
    is_mart=True,
)

OPEN: tuple[Table, ...] = (DEALS, CURVE_DAYS)
"""Before the day's book, in flow order."""
MARKED: tuple[Table, ...] = (
    MARK_TO_MARKET,
    BOOK_EXPLAIN,
    MARK_RISK,
    MARK_CONTRIBUTIONS,
    MARK_VAR_EXCEPTIONS,
    MARK_VAR_BACKTESTS,
    BOOK_LIMITS,
    BOOK_REPAIR,
)
"""After it."""
