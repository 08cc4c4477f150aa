"""Contracts of the tables the stages compute.

What belongs here: one `Table` per output of a stage, in flow order. What does not:
raw tables (`raw`) and the BI marts (`dbt_like_sql/marts/schema.yml`).
"""

from __future__ import annotations

from energy_pipeline.contracts import columns as c
from energy_pipeline.contracts.model import Column, Table
from energy_pipeline.contracts.raw import TECHNOLOGY

QUANTILES: tuple[float, ...] = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
"""Quantile levels every price forecast carries."""


def quantile_column(level: float) -> str:
    """Column name of a price quantile.

    >>> quantile_column(0.05)
    'q05_eur_mwh'
    """
    return f"q{round(level * 100):02d}_eur_mwh"


PRICE_KIND = c.text("price_kind", "Which price: the auction's, or the second price.", allowed=("day_ahead", "second"))
SCENARIO_KIND = c.text("kind", "What the path is of.", allowed=("day_ahead_price", "second_price", "plant_output"))
SCENARIO_UNIT = c.text("unit", "Unit of the value.", allowed=("EUR/MWh", "MW"))
LABEL = c.text("label", "Whether it is money or only an index study.", allowed=("tradable", "index_only"))
INSTRUMENT = c.text("instrument", "day_ahead, or a block contract.", allowed=("day_ahead", "base", "peak", "offpeak"))

INFORMATION_SET = Table(
    name="information_set",
    stage="ingestion",
    flow="decide",
    description="What decide(D) was allowed to read: the instant, and a content hash per series and month. A record, not a copy.",
    key=("raw_table", "series", "month"),
    columns=(
        c.DELIVERY_DAY,
        c.text("raw_table", "Raw table."),
        c.text("series", "Series within the table, e.g. zone=FR."),
        Column("month", "date", "First day of the calendar month (UTC) the rows belong to."),
        c.count("rows", "Rows visible at the decision time."),
        c.text("content_hash", "BLAKE2b of the visible rows."),
        Column("last_known_at", "timestamp", "Latest known_at among them, UTC."),
        Column("decision_time", "timestamp", "The instant the decision was cut at, UTC."),
        c.text("status", "How the series stood at the decision time.", allowed=("on_time", "waited", "fallback")),
    ),
)

DATA_QUALITY = Table(
    name="data_quality",
    stage="ingestion",
    flow="ingest",
    description="Per delivery day, raw table and series: what was expected, what was found, and what is wrong with it.",
    key=("raw_table", "series", "check"),
    columns=(
        c.DELIVERY_DAY,
        c.text("raw_table", "Raw table."),
        c.text("series", "Series within the table, e.g. zone=FR."),
        c.text("check", "Which check.", allowed=("coverage", "declared_absent", "disguised_forecast")),
        c.text("status", "Outcome.", allowed=("ok", "gap", "absent", "error", "not_yet")),
        c.count("expected_count", "Intervals the day should have."),
        c.count("found_count", "Intervals with a value."),
        c.count("missing_count", "Intervals with no row at all."),
        c.count("null_count", "Intervals whose row says unknown."),
        c.count("outage_zero_count", "Intervals whose zero the desk reads as an outage (counted as null too)."),
        c.text("detail", "First gap, fallback or finding, in words."),
    ),
)

DRIVER_FORECASTS = Table(
    name="driver_forecasts",
    stage="features",
    flow="decide",
    description="Load, wind and solar of each zone for D as known at the decision time, and by which method.",
    key=("zone", "driver", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        c.ZONE,
        c.text("driver", "Which driver.", allowed=("load", "wind", "solar")),
        c.DELIVERY_START,
        c.RESOLUTION,
        c.power("value_mw", "Expected value; null only where the desk declares the series absent with no fallback.", nullable=True, minimum=0.0),
        c.text("method", "How it was made.", allowed=("tso", "vendor_convention", "weather_regression", "persistence", "none")),
        Column("is_fallback", "bool", "True when the first choice was not there."),
    ),
    may_be_empty=True,
)

PRICE_FEATURES = Table(
    name="price_features",
    stage="features",
    flow="decide",
    description="Inputs of the price models for each interval of D; every value was known at the decision time.",
    key=("zone", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        c.ZONE,
        c.DELIVERY_START,
        c.RESOLUTION,
        c.price("price_lag_1d_eur_mwh", "Day-ahead price of the same slot on D-1.", nullable=True),
        c.price("price_lag_2d_eur_mwh", "... on D-2.", nullable=True),
        c.price("price_lag_3d_eur_mwh", "... on D-3.", nullable=True),
        c.price("price_lag_7d_eur_mwh", "... on D-7.", nullable=True),
        c.price("price_mean_1d_eur_mwh", "Mean of D-1.", nullable=True),
        c.price("price_min_1d_eur_mwh", "Minimum of D-1.", nullable=True),
        c.price("price_max_1d_eur_mwh", "Maximum of D-1.", nullable=True),
        c.price("price_last_1d_eur_mwh", "Last interval of D-1.", nullable=True),
        c.price("price_median_7d_eur_mwh", "Median of D-7 .. D-1.", nullable=True),
        Column(
            "price_mad_28d_eur_mwh", "f64", "Median absolute deviation over D-28 .. D-1.", "EUR/MWh", True, 0.0, 5000.0, "a spread is not negative"
        ),
        c.power("load_mw", "Driver forecast of load.", nullable=True, minimum=0.0),
        c.power("wind_mw", "Driver forecast of wind.", nullable=True, minimum=0.0),
        c.power("solar_mw", "Driver forecast of solar.", nullable=True, minimum=0.0),
        c.power("residual_load_mw", "Load less wind and solar.", nullable=True, minimum=-200_000.0),
        c.power("residual_load_change_1d_mw", "Residual load less that of the same slot in D-1's forecast.", nullable=True, minimum=-200_000.0),
        Column("gas_eur_mwh", "f64", "Last gas settlement known.", "EUR/MWh", True, -50.0, 2000.0, "see fuel_prices"),
        Column("carbon_eur_t", "f64", "Last carbon settlement known.", "EUR/t", True, -50.0, 2000.0, "see fuel_prices"),
        Column("hour_of_day", "f64", "Wall-clock hour, with fractions for quarters.", "h", minimum=0.0, maximum=24.0, reason="a clock"),
        Column("weekday", "i32", "Monday 0 .. Sunday 6.", "1", minimum=0, maximum=6, reason="a week"),
        Column("is_peak", "bool", "Inside Monday-Friday 08-20 local."),
        Column("day_of_year_sin", "f64", "sin(2 pi day / 365.25).", "1", minimum=-1.0, maximum=1.0, reason="a sine"),
        Column("day_of_year_cos", "f64", "cos(2 pi day / 365.25).", "1", minimum=-1.0, maximum=1.0, reason="a cosine"),
    ),
)

PRICE_FORECASTS = Table(
    name="price_forecasts",
    stage="forecasting",
    flow="decide",
    description="Price forecasts made for D at its decision time: every model for D, the naive for the six days after.",
    key=("zone", "price_kind", "model", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        Column("target_day", "date", "The day the forecast is for."),
        Column("horizon_days", "i32", "1 for D, 2 for D+1, ...", "d", minimum=1, maximum=7, reason="a week ahead"),
        c.ZONE,
        PRICE_KIND,
        c.text("model", "Which model; the ensemble is what later stages use.", allowed=("naive", "arima", "xgboost", "ensemble")),
        c.DELIVERY_START,
        c.RESOLUTION,
        c.second_price("price_eur_mwh", "Point forecast (mean)."),
        *(
            c.second_price(quantile_column(q), f"{q:.0%} quantile from past errors; null where the model has no error history.", nullable=True)
            for q in QUANTILES
        ),
        c.text("fallback", "Empty, or why a simpler model stands in."),
        c.text("artefact", "Content hash of the fitted artefact, empty for models without one."),
    ),
)

FORECAST_SCORES = Table(
    name="forecast_scores",
    stage="forecasting",
    flow="settle_final",
    description="Scores of the day's forecasts against what came.",
    key=("zone", "price_kind", "model"),
    columns=(
        c.DELIVERY_DAY,
        c.ZONE,
        PRICE_KIND,
        c.text("model", "Which model."),
        c.count("intervals", "Intervals scored."),
        Column("mae_eur_mwh", "f64", "Mean absolute error.", "EUR/MWh", minimum=0.0, reason="an absolute value"),
        Column("rmse_eur_mwh", "f64", "Root mean squared error.", "EUR/MWh", minimum=0.0, reason="a root"),
        Column("bias_eur_mwh", "f64", "Mean of forecast less outcome.", "EUR/MWh"),
        Column("mae_naive_eur_mwh", "f64", "MAE of the weekly naive (same slot on D-7).", "EUR/MWh", True, 0.0, None, "an absolute value"),
        Column("pinball_eur_mwh", "f64", "Mean pinball loss over the quantiles.", "EUR/MWh", True, 0.0, None, "a loss"),
        c.share("coverage_80", "Share of outcomes inside the 80 % band.", nullable=True),
        c.share("coverage_90", "Share of outcomes inside the 90 % band.", nullable=True),
    ),
    may_be_empty=True,
)

PLANT_OUTPUT = Table(
    name="plant_output",
    stage="renewables",
    flow="decide",
    description="Expected output of each plant for D at the decision time, E[g | gate].",
    key=("plant", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        c.text("plant", "Plant as named in the desk file."),
        c.ZONE,
        TECHNOLOGY,
        c.DELIVERY_START,
        c.RESOLUTION,
        c.power("output_mw", "Expected output.", minimum=0.0),
        c.power("q10_mw", "10 % quantile from past errors.", nullable=True, minimum=0.0),
        c.power("q90_mw", "90 % quantile from past errors.", nullable=True, minimum=0.0),
        c.power(
            "capacity_mw", "Installed capacity of the plant (share x zone capacity for shares); null when not known.", nullable=True, minimum=0.0
        ),
        c.text("method", "How it was made.", allowed=("physical", "share_of_zone", "persistence", "climatology")),
        Column("is_fallback", "bool", "True when the first choice was not there."),
    ),
    may_be_empty=True,
)

SCENARIO_PATHS = Table(
    name="scenario_paths",
    stage="scenarios",
    flow="decide",
    description="Joint day paths of day-ahead and second price and plant output; scenario i belongs together across all series.",
    key=("kind", "name", "delivery_start", "scenario"),
    columns=(
        c.DELIVERY_DAY,
        SCENARIO_KIND,
        c.text("name", "Zone or plant."),
        c.DELIVERY_START,
        c.RESOLUTION,
        Column("scenario", "i32", "Number of the path.", "1", minimum=0, reason="a number"),
        Column("value", "f32", "Value in `unit`.", "see unit", minimum=-9999.0, maximum=200_000.0, reason="second-price limits and zone power"),
        SCENARIO_UNIT,
    ),
)

SCENARIO_SUMMARY = Table(
    name="scenario_summary",
    stage="scenarios",
    flow="decide",
    description="Mean, spread and quantiles of the scenario set per series and interval.",
    key=("kind", "name", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        SCENARIO_KIND,
        c.text("name", "Zone or plant."),
        c.DELIVERY_START,
        c.RESOLUTION,
        SCENARIO_UNIT,
        Column("mean", "f64", "Mean over scenarios.", "see unit"),
        Column("standard_deviation", "f64", "Standard deviation over scenarios.", "see unit", minimum=0.0, reason="a spread"),
        Column("q05", "f64", "5 % quantile.", "see unit"),
        Column("q50", "f64", "Median.", "see unit"),
        Column("q95", "f64", "95 % quantile.", "see unit"),
        c.count("scenarios", "Number of paths."),
    ),
)

DISPATCH = Table(
    name="dispatch",
    stage="flexibility",
    flow="decide",
    description="Committed day-ahead schedule of each flexible asset (information: auction): fixed before any price of D is known.",
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
        Column("state_of_charge_mwh", "f64", "Energy stored at the end of the interval.", "MWh", minimum=0.0, reason="a store"),
        c.price("price_forecast_eur_mwh", "The price it was scheduled on."),
        Column(
            "energy_value_eur_mwh",
            "f64",
            "Marginal value of stored energy (dual of the energy balance); null where the problem had binaries.",
            "EUR/MWh",
            True,
        ),
    ),
    may_be_empty=True,
)

DISPATCH_SETTLED = Table(
    name="dispatch_settled",
    stage="flexibility",
    flow="settle_final",
    description="What each flexible asset earned on the auction's prices, beside perfect foresight under the same limits.",
    key=("asset",),
    columns=(
        c.DELIVERY_DAY,
        c.text("asset", "Asset as named in the desk file."),
        c.ZONE,
        c.money("margin_expected_eur", "Margin on the forecast the schedule was made on."),
        c.money("margin_realised_eur", "Margin on the prices that came."),
        c.money("margin_foresight_eur", "Best margin on the prices that came."),
        Column("discharged_mwh", "f64", "Energy given to the grid.", "MWh", minimum=0.0, reason="an energy"),
        c.share("share_of_foresight", "Realised over foresight; null when foresight earns nothing.", nullable=True, minimum=None, maximum=1.000001),
    ),
    may_be_empty=True,
)

SIGNALS = Table(
    name="signals",
    stage="strategies",
    flow="decide",
    description="What each strategy wants for D; `index_only` rows are studies and never become positions.",
    key=("strategy", "zone", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        c.text("strategy", "Strategy as named in the desk file."),
        c.ZONE,
        c.DELIVERY_START,
        c.RESOLUTION,
        LABEL,
        c.text("entry_price", "Price at which the position is opened."),
        c.text("exit_price", "Price at which it is closed; empty for an index study."),
        Column("signal", "f64", "-1 (sell day-ahead, buy back) .. +1.", "1", minimum=-1.0, maximum=1.0, reason="a normalised signal"),
        c.power("target_mw", "Wanted extra day-ahead purchase (+) or sale (-); 0 for an index study."),
        Column("expected_edge_eur_mwh", "f64", "Expected gain per MWh traded, before costs.", "EUR/MWh", True),
    ),
    may_be_empty=True,
)

BACKTEST_METRICS = Table(
    name="backtest_metrics",
    stage="strategies",
    flow="settle_final",
    description="Each strategy over the settled days up to D, net of costs. Index studies carry no Sharpe.",
    key=("strategy",),
    columns=(
        c.DELIVERY_DAY,
        c.text("strategy", "Strategy as named in the desk file."),
        LABEL,
        c.count("days", "Settled days in the window."),
        c.money("pnl_eur", "Net P&L of the window; null for an index study.", nullable=True),
        c.money("pnl_day_eur", "Net P&L of D; null for an index study.", nullable=True),
        Column("index_points_eur_mwh", "f64", "Sum of index changes of an index study; null for a tradable strategy.", "EUR/MWh", True),
        Column(
            "sharpe",
            "f64",
            "Annualised (sqrt of 365 delivery days) mean over standard deviation; null for index studies and under 20 days.",
            "1",
            True,
        ),
        c.share("hit_rate", "Share of days with a gain.", nullable=True),
        c.money("max_drawdown_eur", "Largest fall from a peak of cumulative P&L, positive.", nullable=True),
    ),
    may_be_empty=True,
)

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
)

PORTFOLIO_SOLUTION = Table(
    name="portfolio_solution",
    stage="portfolio",
    flow="decide",
    description="The optimisation of the day: max E[P&L] - lambda CVaR, and how good the answer is.",
    key=("objective_name",),
    columns=(
        c.DELIVERY_DAY,
        c.text("objective_name", "Which objective.", allowed=("mean_cvar",)),
        c.money("objective_eur", "E[P&L] - lambda CVaR of the solution."),
        c.money("expected_pnl_eur", "Expected P&L over the scenarios."),
        c.money("cvar_eur", "CVaR of the loss at `confidence`; a loss is positive."),
        c.money("var_eur", "VaR of the loss at `confidence`."),
        Column("risk_aversion", "f64", "lambda.", "1", minimum=0.0, reason="a weight"),
        c.share("confidence", "Confidence of the CVaR; 1 - confidence is the tail."),
        c.money("bound_eur", "Upper bound on the objective from the dual solution."),
        Column("scenarios", "i32", "Scenarios used.", "1", minimum=1, reason="a count"),
        c.text("status", "Solver status."),
        c.text("solver", "Which solver."),
        c.text("binding_limits", "Names of the limits that bind, comma-separated."),
        c.text("shadow_prices", "Every limit of the optimisation as name@scope=EUR per unit, separated by semicolons."),
    ),
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
    ),
    may_be_empty=True,
)

RISK_MEASURES = Table(
    name="risk_measures",
    stage="risk",
    flow="decide",
    description="VaR and expected shortfall of the decided book over the joint forecast errors: losses against the expected day, positive.",
    key=("scope", "measure", "method", "level"),
    columns=(
        c.DELIVERY_DAY,
        c.text("scope", "book, a zone, or 'proxy hedges': what these are expected to earn against their declared quotes, no headline."),
        c.text("measure", "Which measure.", allowed=("expected_pnl", "volatility", "var", "es")),
        c.text("method", "How.", allowed=("historical_errors",)),
        c.share("level", "Confidence (0 for expected P&L and volatility)."),
        c.money("value_eur", "The measure."),
        c.money("standard_error_eur", "Sampling error over scenarios.", nullable=True),
        Column("scenarios", "i32", "Scenarios used.", "1", minimum=1, reason="a count"),
    ),
)

RISK_CONTRIBUTIONS = Table(
    name="risk_contributions",
    stage="risk",
    flow="decide",
    description="Euler contributions to the book's risk; within a measure, level and kind they add up to it.",
    key=("measure", "level", "component_kind", "component"),
    columns=(
        c.DELIVERY_DAY,
        c.text("measure", "Which measure.", allowed=("volatility", "es")),
        c.share("level", "Confidence (0 for volatility)."),
        c.text("component_kind", "What the book is split by.", allowed=("zone", "leg")),
        c.text("component", "The part."),
        c.money("contribution_eur", "Its contribution; a loss is positive."),
        c.share("share_of_total", "Contribution over total; null when the total is 0.", nullable=True, minimum=None, maximum=None),
    ),
)

STRESS_RESULTS = Table(
    name="stress_results",
    stage="risk",
    flow="decide",
    description="P&L of the decided book when named things go wrong.",
    key=("stress",),
    columns=(
        c.DELIVERY_DAY,
        c.text("stress", "Name of the stress in the desk file."),
        c.text("description", "What happens."),
        c.money("pnl_eur", "P&L of the day under the stress."),
        c.money("change_eur", "Difference to the expected day."),
    ),
    may_be_empty=True,
)

LIMITS = Table(
    name="limits",
    stage="risk",
    flow="decide",
    description="Use of every limit of the desk by the decided book.",
    key=("limit_name", "scope"),
    columns=(
        c.DELIVERY_DAY,
        c.text("limit_name", "Name in the desk file."),
        c.text("scope", "book, a zone, or a contract."),
        c.text("unit", "Unit of used and bound.", allowed=("MW", "MWh", "EUR")),
        Column("used", "f64", "Use, positive.", "see unit"),
        Column("bound", "f64", "The limit.", "see unit", minimum=0.0, reason="a limit"),
        c.share("use_share", "used / bound.", maximum=None, minimum=None),
        c.text("status", "Traffic light.", allowed=("green", "amber", "red")),
        Column(
            "shadow_price_eur",
            "f64",
            "Gain of the objective per unit of the limit; null where it is not part of the optimisation.",
            "EUR per unit",
            True,
        ),
    ),
    may_be_empty=True,
)

VAR_EXCEPTIONS = Table(
    name="var_exceptions",
    stage="risk",
    flow="settle_final",
    description="Did the day fall short of its expectation by more than the VaR decided with?",
    key=("level",),
    columns=(
        c.DELIVERY_DAY,
        c.share("level", "Confidence."),
        c.money("var_eur", "VaR of the decision."),
        c.money("es_eur", "Expected shortfall of the decision."),
        c.money("expected_pnl_eur", "Expected P&L of the decision, proxy hedges at their quotes."),
        c.money("pnl_eur", "Settled P&L."),
        Column("is_exception", "bool", "True when expected less settled P&L exceeds the VaR."),
    ),
    may_be_empty=True,
)

RUNS = Table(
    name="runs",
    stage="reporting",
    flow="operate",
    description="Which run wrote what, when. The only table that may differ between two runs of the same day.",
    key=("run_flow", "run_id"),
    columns=(
        c.DELIVERY_DAY,
        c.text("run_flow", "Flow.", allowed=("ingest", "decide", "settle_da", "settle_final")),
        c.text("run_id", "Dagster run."),
        Column("recorded_at", "timestamp", "When the run recorded itself, UTC."),
        Column("decision_time", "timestamp", "The instant the flow was cut at, UTC.", nullable=True),
        c.text("desk", "Desk name."),
        c.text("desk_hash", "Content hash of the desk file."),
        c.text("code_version", "Version of this package."),
    ),
    may_be_empty=True,
)

DERIVED_TABLES: tuple[Table, ...] = (
    INFORMATION_SET,
    DATA_QUALITY,
    DRIVER_FORECASTS,
    PRICE_FEATURES,
    PRICE_FORECASTS,
    FORECAST_SCORES,
    PLANT_OUTPUT,
    SCENARIO_PATHS,
    SCENARIO_SUMMARY,
    DISPATCH,
    DISPATCH_SETTLED,
    SIGNALS,
    BACKTEST_METRICS,
    POSITIONS,
    PORTFOLIO_SOLUTION,
    PNL_DAY_AHEAD,
    PNL,
    RISK_MEASURES,
    RISK_CONTRIBUTIONS,
    STRESS_RESULTS,
    LIMITS,
    VAR_EXCEPTIONS,
    RUNS,
)
