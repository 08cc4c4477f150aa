"""Contracts of the tables of the flexibility stage.

What belongs here: one `Table` per output of that stage, in flow order. What does not: raw
tables (`contracts.raw`) and marts that compute something (`dbt_like_sql/marts/`).
"""

from __future__ import annotations

from energy_pipeline.contracts import columns as c
from energy_pipeline.contracts.model import Column, Table

KINDS = ("battery", "swing", "curtailable", "tolling", "renewable")
INFORMATION = c.text("information", "auction: fixed before any price; sequential: prices are seen one by one.", allowed=("auction", "sequential"))
ASSET = c.text("asset", "Asset or right as named in the desk file.")


def _energy(name: str, description: str) -> Column:
    """Content or energy so far; null where the asset has none."""
    return Column(name, "f64", description, "MWh", True, minimum=0.0, reason="an energy", is_state=True)


def _count(name: str, description: str) -> Column:
    return Column(name, "i64", description, "1", True, minimum=0, reason="a count", is_state=True)


ASSET_STATES = Table(
    name="asset_states",
    stage="flexibility",
    flow="decide",
    description="What each flexible asset and right has and has used: as decided for D, and what was known to have become of the days before.",
    key=("asset", "state_day", "kind"),
    columns=(
        c.DELIVERY_DAY,
        ASSET,
        Column("state_day", "date", "Day the state is of; D itself, or a day before it."),
        c.text(
            "kind",
            "opening: what D begins with; decided: what D is to leave; settled: what became of a day, as known at the decision; "
            "corrected: a day by an operator's file. Counts are those at the end of state_day, of an opening at its begin.",
            allowed=("opening", "decided", "settled", "corrected"),
        ),
        c.ZONE,
        c.text("asset_kind", "What it is.", allowed=KINDS),
        c.text("basis", "Where the state at the start comes from."),
        _energy("content_start_mwh", "Energy stored when the day begins."),
        _energy("content_end_mwh", "Energy stored when it ends."),
        _energy("capacity_mwh", "Content when full, after what cycles have taken."),
        _energy("take_mwh", "Taken under a swing contract so far, the day included."),
        _count("calls_used", "Calls of a load so far."),
        _count("days_used", "Days of a right that are over."),
        Column("is_on", "bool", "Whether a unit runs when the day ends.", nullable=True),
        Column("hours_so_far", "f64", "Hours it has been on or off by then.", "h", True, minimum=0.0, reason="a duration", is_state=True),
        _count("starts_year", "Starts of a unit this calendar year."),
        Column("cycles_day", "f64", "Full cycles of the day.", "1", True, minimum=0.0, reason="a count", is_state=True),
        Column("cycles_year", "f64", "Full cycles this calendar year.", "1", True, minimum=0.0, reason="a count", is_state=True),
        _energy("throughput_mwh", "Discharged since the first day: what a warranty counts."),
        c.text("predecessor", "Hash of the day before that this day was rolled from; empty where there was none."),
    ),
    may_be_empty=True,
    is_mart=True,
)

END_VALUES = Table(
    name="end_values",
    stage="flexibility",
    flow="decide",
    description="What each content of a store is worth at the end of D: the curve its dispatch, bids and inventory use.",
    key=("asset", "content_mwh"),
    columns=(
        c.DELIVERY_DAY,
        ASSET,
        c.ZONE,
        Column("content_mwh", "f64", "Energy stored when the day ends.", "MWh", minimum=0.0, reason="a store", is_state=True),
        c.money("value_eur", "Worth of it by the forecasts of the days after D, more than the least content is."),
        Column("days", "i64", "Forecast days it rests on; 0: the desk's own curve.", "1", minimum=0, reason="a count", is_state=True),
    ),
    may_be_empty=True,
    is_mart=True,
)

RIGHT_DECISIONS = Table(
    name="right_decisions",
    stage="flexibility",
    flow="decide",
    description="Every right of the desk, used or kept: its payoff on the forecast, its cost, and what keeping it is worth.",
    key=("asset",),
    columns=(
        c.DELIVERY_DAY,
        ASSET,
        c.ZONE,
        c.text("kind", "What it is.", allowed=KINDS),
        Column("quantity_mwh", "f64", "Energy it gives on D as decided.", "MWh", minimum=0.0, reason="an energy"),
        Column(
            "considered_mwh",
            "f64",
            "Energy that payoff, cost and keeping are about: what is used, or would be.",
            "MWh",
            minimum=0.0,
            reason="an energy",
        ),
        c.money("payoff_eur", "That energy on the forecast of D."),
        c.money("cost_eur", "Strike, fuel and starts of it."),
        c.money("keeping_eur", "What is lost of the later days' worth by using it."),
        Column("is_exercised", "bool", "Used: payoff less cost is at least what keeping is worth, or it must be."),
        Column("is_forced", "bool", "The terms leave no choice."),
        c.money("kept_eur", "Worth of what is left after D, by the forecasts known at the decision."),
        c.text("why", "The decision in words."),
    ),
    may_be_empty=True,
    is_mart=True,
)

DISPATCH = Table(
    name="dispatch",
    stage="flexibility",
    flow="decide",
    description="Committed day-ahead schedule of each flexible asset (information: auction) and of each right that is used: fixed before any "
    "price of D is known.",
    key=("asset", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        c.text("asset", "Asset as named in the desk file."),
        c.ZONE,
        c.DELIVERY_START,
        c.RESOLUTION,
        c.power("charge_mw", "Power taken from the grid.", minimum=0.0),
        c.power("discharge_mw", "Power given to the grid.", minimum=0.0),
        c.power("net_mw", "Discharge less charge; generation is positive."),
        Column(
            "state_of_charge_mwh",
            "f64",
            "Energy stored at the end of the interval; null for what stores nothing.",
            "MWh",
            True,
            minimum=0.0,
            reason="a store",
            is_state=True,
        ),
        c.price("price_forecast_eur_mwh", "The price it was scheduled on."),
        Column(
            "energy_value_eur_mwh",
            "f64",
            "Marginal value of stored energy (dual of the energy balance); null where the problem had binaries.",
            "EUR/MWh",
            True,
        ),
        Column(
            "cost_eur_h",
            "f64",
            "Cost known beforehand, per hour: cycles, strike, fuel, the start in its first interval.",
            "EUR/h",
            since=2,
            default=0.0,
        ),
    ),
    may_be_empty=True,
    version=2,
    readable=2,
)

DISPATCH_SETTLED = Table(
    name="dispatch_settled",
    stage="flexibility",
    flow="settle_final",
    description="What each flexible asset earned, sequential ones on the second price, beside intrinsic, rolling intrinsic and foresight.",
    key=("asset",),
    columns=(
        c.DELIVERY_DAY,
        c.text("asset", "Asset as named in the desk file."),
        c.ZONE,
        INFORMATION,
        c.money("margin_expected_eur", "Margin on the forecast the schedule was made on."),
        c.money("margin_realised_eur", "Margin on the prices that came."),
        c.money("margin_intrinsic_eur", "Margin of the plan that was best on the expected prices, kept whatever came."),
        c.money("margin_rolling_intrinsic_eur", "Margin when the plan is made anew as prices are seen; in an auction none is."),
        c.money("margin_foresight_eur", "Margin of the plan that was best on the prices that came."),
        c.money("margin_blocks_eur", "Margin had the exclusive groups of block_orders been bid; null where there are none.", nullable=True),
        Column("discharged_mwh", "f64", "Energy given to the grid.", "MWh", minimum=0.0, reason="an energy"),
        c.share(
            "share_of_foresight",
            "Realised over foresight, with `terminal: valued` both with the change of what is stored; null when foresight earns nothing.",
            nullable=True,
            minimum=None,
            maximum=1.000001,
        ),
    ),
    may_be_empty=True,
    is_mart=True,
)

ASSET_VALUES = Table(
    name="asset_values",
    stage="flexibility",
    flow="decide",
    description="What each flexible asset and right is worth over its horizon, judged on paths its policy was not trained on.",
    key=("asset",),
    columns=(
        c.DELIVERY_DAY,
        ASSET,
        c.ZONE,
        c.text("kind", "What it is.", allowed=KINDS),
        INFORMATION,
        c.count("horizon_days", "Days valued."),
        c.money("value_eur", "Expected margin of what is shipped: policy or intrinsic plan, whichever is better on the training paths."),
        c.money("standard_error_eur", "Standard error of the value."),
        c.money("intrinsic_eur", "Lower bound: the plan on expected prices, on the same paths."),
        c.money("foresight_eur", "Upper bound: perfect foresight, on the same paths."),
        c.money("earnings_at_risk_eur", "5 % quantile of the margin."),
        c.money("npv_eur", "Value discounted over the horizon at 5 % a year."),
        c.text("shipped", "What is shipped; stacked: one plan for energy and grid services.", allowed=("policy", "intrinsic", "stacked")),
        Column("delta_base_mwh", "f64", "Gain per EUR/MWh of a parallel move of all prices.", "MWh", True),
        Column("delta_peak_mwh", "f64", "Gain per EUR/MWh of a move of the peak block (Mon-Fri 08-20).", "MWh", True),
        Column("gamma_mwh2_eur", "f64", "Second derivative to a parallel move.", "MWh per EUR/MWh", True),
        Column("vega_eur_pct", "f64", "Gain when deviations from the mean path grow by 1 %.", "EUR per %", True),
        Column(
            "energy_value_delta", "f64", "Change of V_0, the value of one more MWh at the start, per EUR/MWh of all prices; stores only.", "1", True
        ),
        Column("energy_value_gamma", "f64", "Second derivative of V_0 to a parallel move.", "1 per EUR/MWh", True),
        Column("energy_value_vega", "f64", "Change of V_0 when deviations from the mean path grow by 1 %.", "EUR/MWh per %", True),
    ),
    may_be_empty=True,
    is_mart=True,
)

ASSET_THRESHOLDS = Table(
    name="asset_thresholds",
    stage="flexibility",
    flow="decide",
    description="Prices between which a sequential asset stands still, by interval and content, and the value of its energy.",
    key=("asset", "delivery_start", "content_mwh"),
    columns=(
        c.DELIVERY_DAY,
        ASSET,
        c.ZONE,
        c.DELIVERY_START,
        c.RESOLUTION,
        Column("content_mwh", "f64", "Energy stored when the interval begins.", "MWh", minimum=0.0, reason="a store", is_state=True),
        Column("charge_below_eur_mwh", "f64", "It charges at prices up to this.", "EUR/MWh"),
        Column("discharge_above_eur_mwh", "f64", "It discharges at prices from this on.", "EUR/MWh"),
        Column("energy_value_eur_mwh", "f64", "V_t at the median price: gain from one more MWh stored.", "EUR/MWh"),
        Column("expected_price_eur_mwh", "f64", "The price it is expected to see.", "EUR/MWh"),
    ),
    may_be_empty=True,
    is_mart=True,
    version=2,
    readable=2,
)

FORMS = ("plan", "curve", "blocks", "joint")

ORDERS_SENT = Table(
    name="orders_sent",
    stage="flexibility",
    flow="decide",
    description="In which form each auction battery's orders of D are sent: what the desk asks for, what is sent, and what each form would earn.",
    key=("asset",),
    columns=(
        c.DELIVERY_DAY,
        ASSET,
        c.ZONE,
        c.text("asked", "Desk key flexibility.orders.", allowed=FORMS),
        c.text("form", "What is sent; plan where the other does not fit the battery or is not better.", allowed=FORMS),
        c.money("expected_eur", "Margin and energy left of what is sent, mean over the scenarios."),
        c.money("plan_eur", "The same of its schedule, all or nothing."),
        c.money("curve_eur", "The same of quantities with limits; null where it has none.", nullable=True),
        c.money("blocks_eur", "The same of exclusive groups; null where it has none.", nullable=True),
        c.text("why", "Why this form is sent."),
    ),
    may_be_empty=True,
    is_mart=True,
)

BID_CURVES = Table(
    name="bid_curves",
    stage="flexibility",
    flow="decide",
    description="Orders of auction assets: quantity and limit, such that whatever is accepted can be delivered.",
    key=("asset", "delivery_start", "side"),
    columns=(
        c.DELIVERY_DAY,
        ASSET,
        c.ZONE,
        c.DELIVERY_START,
        c.RESOLUTION,
        c.text("side", "buy: charge; sell: discharge.", allowed=("buy", "sell")),
        c.power("quantity_mw", "Power bid.", minimum=0.0),
        Column("limit_eur_mwh", "f64", "Bought at most, sold at least at this price; null: at any price.", "EUR/MWh", True),
    ),
    may_be_empty=True,
    sparse=True,
    is_mart=True,
)

BLOCK_ORDERS = Table(
    name="block_orders",
    stage="flexibility",
    flow="decide",
    description="Exclusive groups of block orders of auction assets: of each group the auction executes the block with the largest surplus.",
    key=("asset", "group_number", "block_number", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        ASSET,
        c.ZONE,
        c.count("group_number", "Window of the day, in order of time; every window ends full or empty."),
        c.count("block_number", "Order within the group; 0 is the best on the mean of the scenarios."),
        c.DELIVERY_START,
        c.RESOLUTION,
        c.text("side", "buy: charge; sell: discharge.", allowed=("buy", "sell")),
        c.power("quantity_mw", "Power of the block in the interval.", minimum=0.0),
    ),
    may_be_empty=True,
    sparse=True,
    is_mart=True,
)

SERVICE_PLANS = Table(
    name="service_plans",
    stage="flexibility",
    flow="decide",
    description="Capacity sold to the grid operator beside energy, and the power and energy held back so that no call is ever short.",
    key=("asset", "service", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        ASSET,
        c.ZONE,
        c.text("service", "Service as named in the desk file."),
        c.DELIVERY_START,
        c.RESOLUTION,
        c.power("capacity_mw", "Capacity sold, the same throughout a band.", minimum=0.0),
        c.power("charge_mw", "Power taken from the grid if nothing is called.", minimum=0.0),
        c.power("discharge_mw", "Power given to the grid if nothing is called.", minimum=0.0),
        Column(
            "state_of_charge_mwh",
            "f64",
            "Energy stored at the end of the interval if nothing is called.",
            "MWh",
            minimum=0.0,
            reason="a store",
            is_state=True,
        ),
        c.power("held_power_up_mw", "Power kept free upwards, for all services of the asset.", minimum=-1e-6),
        c.power("held_power_down_mw", "Power kept free downwards.", minimum=-1e-6),
        Column("held_energy_up_mwh", "f64", "Content kept for calls upwards.", "MWh", minimum=-1e-6, reason="an energy", is_state=True),
        Column("held_energy_down_mwh", "f64", "Room kept for calls downwards.", "MWh", minimum=-1e-6, reason="an energy", is_state=True),
    ),
    may_be_empty=True,
    is_mart=True,
)

TABLES: tuple[Table, ...] = (
    ASSET_STATES,
    END_VALUES,
    RIGHT_DECISIONS,
    DISPATCH,
    ASSET_VALUES,
    ASSET_THRESHOLDS,
    ORDERS_SENT,
    BID_CURVES,
    BLOCK_ORDERS,
    SERVICE_PLANS,
    DISPATCH_SETTLED,
)
"""In flow order."""
