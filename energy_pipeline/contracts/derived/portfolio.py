"""Contracts of the tables of the portfolio stage.

What belongs here: one `Table` per output of that stage, in flow order. What does not: raw
tables (`contracts.raw`) and marts that compute something (`dbt_like_sql/marts/`).
"""

from __future__ import annotations

from energy_pipeline.contracts import columns as c
from energy_pipeline.contracts.derived.shared import INSTRUMENT
from energy_pipeline.contracts.model import Column, Table

OBJECTIVES = ("mean_cvar", "min_cvar", "min_variance", "mean_variance", "black_litterman", "min_mad", "minimax", "max_mean")
"""What a book may be chosen by, as in the desk file."""

POSITIONS = Table(
    name="positions",
    stage="portfolio",
    flow="decide",
    description="The book decided for D per instrument and interval. Bought is positive; a day-ahead sale of generation is negative.",
    key=("zone", "instrument", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        c.ZONE,
        INSTRUMENT,
        c.DELIVERY_START,
        c.RESOLUTION,
        c.power("position_mw", "Net bought after the decision (opening + traded)."),
        c.power("opening_mw", "Net bought before the decision."),
        c.power("traded_mw", "What the decision adds; day-ahead: the bid to submit."),
        c.power("expected_output_mw", "E[g | gate] with committed dispatch; null for contracts.", nullable=True),
        c.power("lower_mw", "Lower limit of position_mw."),
        c.power("upper_mw", "Upper limit of position_mw."),
        c.price(
            "reference_price_eur_mwh",
            "Forecast price (day-ahead); contracts: mid quote that traded_mw is done at, "
            "or the opening's average entry price where nothing is traded.",
        ),
        Column("half_spread_eur_mwh", "f64", "Half-spread paid on traded_mw; 0 day-ahead.", "EUR/MWh", minimum=0.0, reason="a cost"),
        Column("is_proxy", "bool", "True when the reference price is a declared proxy."),
    ),
    may_be_empty=True,
    superseded=True,
    whole_day="instrument = 'day_ahead'",  # a block contract delivers in some hours only
)

PORTFOLIO_SOLUTION = Table(
    name="portfolio_solution",
    stage="portfolio",
    flow="decide",
    description="The optimisation of the day by the desk's objective (mean_cvar: max E[P&L] - lambda CVaR), and how good the answer is.",
    key=("objective_name",),
    columns=(
        c.DELIVERY_DAY,
        c.text("objective_name", "Which objective (desk key portfolio.objective).", allowed=OBJECTIVES),
        c.money("objective_eur", "The objective as a gain: E[P&L] - lambda CVaR; of the min_ objectives and minimax, minus the measure."),
        c.money("expected_pnl_eur", "Expected P&L over the scenarios."),
        c.money("cvar_eur", "CVaR of the loss at `confidence`; a loss is positive."),
        c.money("var_eur", "VaR of the loss at `confidence`."),
        Column("risk_aversion", "f64", "lambda.", "1", minimum=0.0, reason="a weight"),
        c.share("confidence", "Confidence of the CVaR; 1 - confidence is the tail."),
        c.money("bound_eur", "Upper bound on the objective from the dual solution; variance and MAD: with the fee bounded from above."),
        Column("scenarios", "i32", "Scenarios used.", "1", minimum=1, reason="a count"),
        c.text("status", "Solver status."),
        c.text("solver", "Which solver."),
        c.text("binding_limits", "Names of the limits that bind, comma-separated."),
        c.text("shadow_prices", "Every limit of the optimisation as name@scope=EUR per unit, separated by semicolons."),
    ),
    ends_flow=True,
)

NOMINATION_LINES = Table(
    name="nomination_lines",
    stage="portfolio",
    flow="decide",
    description="The bids of D in the market's steps, each with its why; the same lines go out as a numbered CSV.",
    key=("zone", "kind", "asset", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        c.ZONE,
        c.text(
            "kind",
            "price_independent; step: accepted above its limit; or loop_block: accepted together or not at all.",
            allowed=("price_independent", "step", "loop_block"),
        ),
        c.text("asset", "Battery of a loop block, or right that is used or bid in a step; empty for plants and deviations."),
        c.DELIVERY_START,
        c.RESOLUTION,
        c.text("side", "buy or sell.", allowed=("buy", "sell")),
        c.power("volume_mw", "Volume in steps of 0.1 MW.", minimum=0.0),
        c.price("limit_price_eur_mwh", "Highest buying or lowest selling price in steps of 0.01; null: at any price.", nullable=True),
        c.price("forecast_eur_mwh", "Price forecast the bid stands on."),
        c.text("binding_limit", "What keeps the volume from being larger; empty where nothing does."),
        c.text("next_best_action", "The next best bid of this interval; empty where there is none."),
        c.money("next_best_costs_eur", "What the objective would lose by it; null where there is none.", nullable=True),
    ),
    may_be_empty=True,
    sparse=True,
    is_mart=True,
)

JOINT_BOOK = Table(
    name="joint_book",
    stage="portfolio",
    flow="decide",
    description="Hedges and flexible assets decided together against value first, then hedge; both judged on scenarios neither was made on.",
    key=("answer",),
    columns=(
        c.DELIVERY_DAY,
        c.text("answer", "How it was found.", allowed=("joint", "sequential")),
        Column("accepted", "bool", "Joint: better on fresh scenarios by more than two standard errors; otherwise sequential."),
        c.money("objective_eur", "E[P&L] - lambda CVaR on the scenarios it was made on."),
        c.money("expected_pnl_eur", "Expected P&L there."),
        c.money("cvar_eur", "CVaR of the loss there, at `confidence`."),
        c.money("bound_eur", "Upper bound on the joint objective; perfect foresight's with sequential assets; null for sequential.", nullable=True),
        c.money("objective_fresh_eur", "Objective on fresh scenarios."),
        c.money("expected_pnl_fresh_eur", "Expected P&L on fresh scenarios."),
        c.money("cvar_fresh_eur", "CVaR on fresh scenarios."),
        c.money("advantage_eur", "Fresh objective of joint less that of sequential."),
        c.money("advantage_error_eur", "Its standard error, scenarios paired."),
        Column("risk_aversion", "f64", "lambda.", "1", minimum=0.0, reason="a weight"),
        c.share("confidence", "Confidence of the CVaR."),
        Column("scenarios", "i32", "Scenarios it was made on.", "1", minimum=1, reason="a count"),
        Column("rounds", "i32", "Rounds of column generation.", "1", minimum=1, reason="a count"),
        Column("policies", "i32", "Policies with a share.", "1", minimum=0, reason="a count"),
        c.text("trades", "MW bought per contract as name=MW, separated by semicolons."),
        c.text("shadow_prices", "Every limit as name@scope=EUR per unit, separated by semicolons; physical limits are per asset."),
    ),
    may_be_empty=True,
    is_mart=True,
)

FORWARD_BOOK_PROPOSALS = Table(
    name="forward_book_proposals",
    stage="portfolio",
    flow="decide",
    description="The best changes of the desk's forward book at the decision's quotes, over the paths of the week ahead; nothing is traded by it.",
    key=("contract",),
    columns=(
        c.DELIVERY_DAY,
        c.text("contract", "Name in the contracts file; book: the whole."),
        c.text("kind", "Kind of contract, or book."),
        c.text("zone", "Zone of delivery; empty for fuels and the book."),
        c.text("block", "Delivery block; empty for the book."),
        Column("first_day", "date", "First delivery day; null for the book.", nullable=True),
        Column("last_day", "date", "Last delivery day; null for the book.", nullable=True),
        Column("held_units", "f64", "Units held at the decision (power: MW, carbon: t); null where left out, and for the book.", "see kind", True),
        Column("trade_units", "f64", "Units to buy (negative: to sell).", "see kind"),
        c.price("price_eur_mwh", "Ask of a purchase, bid of a sale; null without a trade.", nullable=True),
        c.money("costs_eur", "Half-spread paid on the trade.", nullable=True),
        c.text("held_by", "Limits that hold the position, comma-separated."),
        c.money("expected_pnl_change_eur", "Book: expected P&L after less before.", nullable=True),
        c.money("cvar_change_eur", "Book: CVaR of the loss after less before.", nullable=True),
        c.text("note", "Why a contract is left out; book: objective and proof, or why nothing is proposed."),
    ),
    may_be_empty=True,
    is_mart=True,
)

PNL_DAY_AHEAD = Table(
    name="pnl_day_ahead",
    stage="portfolio",
    flow="settle_da",
    description="Known on D-1 after the auction: day-ahead revenue and the result of the hedges.",
    key=("zone", "instrument", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        c.ZONE,
        INSTRUMENT,
        c.DELIVERY_START,
        c.RESOLUTION,
        c.power("position_mw", "Net bought."),
        c.price("price_eur_mwh", "Auction price of the interval."),
        c.price("entry_price_eur_mwh", "Entry price of a hedge; null day-ahead.", nullable=True),
        c.money("revenue_eur", "P s for day-ahead sales, w 1 (P - F) for hedges."),
        c.money("cost_eur", "Half-spread paid, positive."),
        Column("is_proxy", "bool", "True when the hedge was entered at a proxy quote."),
    ),
    may_be_empty=True,
    whole_day="instrument = 'day_ahead'",
    ends_flow=True,
)

PNL = Table(
    name="pnl",
    stage="portfolio",
    flow="settle_final",
    description="P&L of the settled day per zone and interval, in legs that add up to the cent.",
    key=("zone", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        c.ZONE,
        c.DELIVERY_START,
        c.RESOLUTION,
        c.price("price_da_eur_mwh", "P: day-ahead price."),
        c.second_price("price_second_eur_mwh", "R: price at which the deviation is traded back (= P where the market has none)."),
        c.text("second_price_kind", "intraday, imbalance, or none.", allowed=("intraday", "imbalance", "none")),
        c.power("sold_mw", "s: sold day-ahead (negative: bought)."),
        c.power("expected_output_mw", "E[g | gate]."),
        c.power("output_mw", "g: net physical output with dispatched assets."),
        c.money("physical_eur", "delta P g."),
        c.money("deviation_eur", "delta (R - P)(g - E[g | gate])."),
        c.money("speculative_eur", "delta (P - R)(s - E[g | gate])."),
        c.money("imbalance_fee_eur", "- delta c_imb |g - s|."),
        c.money("hedge_eur", "delta sum w 1 (P - F), without proxies' headline."),
        c.money("hedge_proxy_eur", "The part of hedges entered at declared proxy quotes."),
        c.money("costs_eur", "- variable costs, cycle costs and fees."),
        c.money("total_eur", "Sum of all legs."),
        c.money("headline_eur", "Total without proxy hedges: what a headline may show."),
        Column("settled_as_of", "timestamp", "Latest known_at used, UTC."),
        Column("is_estimated", "bool", "True when a meter was missing and the expected output stands in."),
        Column(
            "held_h",
            "f64",
            "Hours whose meter or price is held (table held_hours) and not booked; above 0 the day is provisional.",
            "h",
            minimum=0.0,
            reason="a length of time",
            since=2,
            default=0.0,
        ),
        Column(
            "acted_mw",
            "f64",
            "Part of output_mw that stores gave on prices as they came: traded at R, without a fee.",
            "MW",
            since=3,
            default=0.0,
        ),
    ),
    version=3,
    may_be_empty=True,
    is_mart=True,
    summed=True,
)

ASSET_LEGS = Table(
    name="asset_legs",
    stage="portfolio",
    flow="settle_final",
    description="What each flexible asset and right earned: cash by leg, and the change of what its energy and rights left are worth.",
    key=("asset",),
    columns=(
        c.DELIVERY_DAY,
        c.text("asset", "Asset or right as named in the desk file."),
        c.ZONE,
        c.text("kind", "What it is.", allowed=("battery", "swing", "curtailable", "tolling", "renewable")),
        Column("energy_mwh", "f64", "Energy given to the grid, less what was taken; of a renewable right what its plant gave.", "MWh"),
        c.money("energy_eur", "That energy at the prices it was sold and bought at; the plant's own energy is the book's."),
        c.money("cost_eur", "Cycles, strike, fuel, starts, variable cost; costs are negative."),
        c.money("certificate_eur", "Paid by a scheme for what was generated."),
        c.money("capacity_eur", "Paid by the grid operator for capacity."),
        c.money("penalty_eur", "For what lacks of a least take; negative."),
        c.money("cash_eur", "Sum of these legs."),
        c.money("saved_eur", "What generating in rejected steps would have lost; in no sum."),
        Column("content_start_mwh", "f64", "Energy stored when the day begins.", "MWh", True, minimum=0.0, reason="a store", is_state=True),
        Column("content_end_mwh", "f64", "Energy stored when it ends.", "MWh", True, minimum=0.0, reason="a store", is_state=True),
        Column("inventory_open_eur", "f64", "Worth of energy and rights when the day begins: what the day before closed with.", "EUR", is_state=True),
        Column("inventory_close_eur", "f64", "Worth of what is left, by the curve known at the decision.", "EUR", is_state=True),
        c.money("inventory_eur", "Close less open."),
        c.money("total_eur", "Cash and inventory."),
    ),
    may_be_empty=True,
    is_mart=True,
)

PLANT_RESULTS = Table(
    name="plant_results",
    stage="portfolio",
    flow="settle_final",
    description="What each plant earned in each settled interval: its output at the day-ahead price and its miss at the second price. "
    "The zone's fee, hedges and costs are the book's; what a scheme pays is its right's (asset_legs).",
    key=("plant", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        c.text("plant", "Plant as named in the desk file."),
        c.ZONE,
        c.DELIVERY_START,
        c.RESOLUTION,
        c.power("expected_mw", "E[g | gate], less what was bid in steps that were rejected."),
        c.power("output_mw", "g: what the plant gave."),
        Column("output_mwh", "f64", "That as energy.", "MWh"),
        Column("is_estimated", "bool", "True when a meter was missing and the expected output stands in."),
        c.price("price_da_eur_mwh", "P: day-ahead price."),
        c.second_price("price_second_eur_mwh", "R: price at which the deviation is traded back (= P where the market has none)."),
        c.money("physical_eur", "delta P g."),
        c.money("deviation_eur", "delta (R - P)(g - E[g | gate])."),
        c.money("pnl_eur", "Both. Over plants and assets these legs are those of pnl."),
    ),
    may_be_empty=True,
    in_report=False,
    is_mart=True,
    summed=True,
)

TABLES: tuple[Table, ...] = (
    POSITIONS,
    PORTFOLIO_SOLUTION,
    NOMINATION_LINES,
    JOINT_BOOK,
    FORWARD_BOOK_PROPOSALS,
    PNL_DAY_AHEAD,
    ASSET_LEGS,
    PLANT_RESULTS,
    PNL,
)
"""In flow order."""
