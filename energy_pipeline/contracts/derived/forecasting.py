"""Contracts of the tables of the forecasting stage.

What belongs here: one `Table` per output of that stage, in flow order. What does not: raw
tables (`contracts.raw`) and marts that compute something (`dbt_like_sql/marts/`).
"""

from __future__ import annotations

from energy_pipeline.contracts import columns as c
from energy_pipeline.contracts.derived.shared import PRICE_KIND, QUANTILES, quantile_column
from energy_pipeline.contracts.model import Column, Table

PRICE_FORECASTS = Table(
    name="price_forecasts",
    stage="forecasting",
    flow="decide",
    description="Price forecasts made for D at its decision time: ensemble and naive for D and the six days after, members for D.",
    key=("zone", "price_kind", "model", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        Column("target_day", "date", "The day the forecast is for."),
        Column("horizon_days", "i32", "1 for D, 2 for D+1, ...", "d", minimum=1, maximum=14, reason="a fortnight ahead"),
        c.ZONE,
        PRICE_KIND,
        c.text("model", "naive, ensemble (what later stages use), or a member of it."),
        c.DELIVERY_START,
        c.RESOLUTION,
        c.second_price("price_eur_mwh", "What `statistic` says: the published mean, or the model's own forecast."),
        *(
            c.second_price(quantile_column(q), f"{q:.0%} quantile from past errors; null for members and without error history.", nullable=True)
            for q in QUANTILES
        ),
        c.text("fallback", "Empty, or why a simpler model stands in."),
        c.text("artefact", "Content hash of the fitted artefact, empty for models without one."),
        Column(
            "statistic",
            "str",
            "mean: the integral of the published distribution (quantiles, tails, price limits), its median being q50; forecast: of a model "
            "beside it, or of the ensemble while too few errors are known for a distribution.",
            allowed=("mean", "forecast"),
            since=2,
            default="forecast",
        ),
        *(
            Column(
                f"tail_{side}",
                "f64",
                f"Shape of the generalised Pareto tail {where} the outermost quantile; null where no distribution is published.",
                "1",
                True,
                0.0,
                1.0,
                "a finite mean",
                since=2,
            )
            for side, where in (("lower", "below"), ("upper", "above"))
        ),
        *(
            Column(
                f"{side}_eur_mwh",
                "f64",
                f"{side.capitalize()} legal price, which cuts the distribution; null where none is published.",
                "EUR/MWh",
                True,
                -c.WIDEST_PRICE,
                c.WIDEST_PRICE,
                c.PRICE_LIMIT_REASON,
                since=2,
            )
            for side in ("lowest", "highest")
        ),
    ),
    version=2,
    whole_day="horizon_days = 1",  # the week ahead overlaps from day to day
    is_mart=True,
)

SPREAD_FORECASTS = Table(
    name="spread_forecasts",
    stage="forecasting",
    flow="decide",
    description="Forecast of second price less day-ahead price for D, with quantiles from their joint past errors.",
    key=("zone", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        c.ZONE,
        c.DELIVERY_START,
        c.RESOLUTION,
        Column("spread_eur_mwh", "f64", "Expected second price less expected day-ahead price.", "EUR/MWh"),
        c.share("p_positive", "Probability that the second price is the higher one; null without error history.", nullable=True),
        *(Column(quantile_column(q), "f64", f"{q:.0%} quantile of the spread; null without error history.", "EUR/MWh", True) for q in QUANTILES),
        c.text("fallback", "Empty, or why a simpler forecast stands in."),
    ),
    may_be_empty=True,
    is_mart=True,
)

SECOND_PRICE_SKILL = Table(
    name="second_price_skill",
    stage="forecasting",
    flow="decide",
    description="What past forecasts of the second price were worth on settled days known at the decision: does the desk trade on them?",
    key=("zone",),
    columns=(
        c.DELIVERY_DAY,
        c.ZONE,
        c.text("price_kind", "Which second price."),
        c.count("days", "Settled days of the record."),
        *(
            Column(f"{measure}{rival}_eur_mwh", "f64", f"{text} of {whose}; null without a record.", "EUR/MWh", True, 0.0, None, "a size")
            for rival, whose in (
                ("", "the spread model at its full share"),
                ("_no_spread", "the naive that the second price is the day-ahead price"),
                ("_last_spread", "the naive that the last known day's spread comes again"),
            )
            for measure, text in (("mae", "Mean absolute error"), ("rmse", "Root mean squared error"))
        ),
        Column("hac_t_no_spread", "f64", "T of the mean squared error's gain on that naive, Newey-West with 7 lags; null without a test.", "1", True),
        Column("hac_t_last_spread", "f64", "The same against the last known day's spread.", "1", True),
        c.share("gain", "Share of the model's spread that the published second price carries; 0: it is the day-ahead mean."),
        c.text(
            "verdict",
            "skill: both naives beaten at 5 %, one-sided; no_skill or too_short: no spread strategy trades.",
            allowed=("skill", "no_skill", "too_short"),
        ),
        c.text("reason", "Why nothing is traded on it; empty with skill."),
    ),
    may_be_empty=True,
    is_mart=True,
)

FORWARD_CURVE = Table(
    name="forward_curve",
    stage="forecasting",
    flow="decide",
    description="Curve of D and the six days after: the ensemble's shape, moved so that quoted blocks cost their quotes.",
    key=("zone", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        Column("target_day", "date", "The day the curve is for."),
        c.ZONE,
        c.DELIVERY_START,
        c.RESOLUTION,
        c.second_price("price_eur_mwh", "Price of the curve: its mean over each quoted block is the block's mid."),
        c.second_price("forecast_eur_mwh", "The ensemble's forecast, the curve's shape."),
        c.text("basis", "What sets the level.", allowed=("quotes", "proxy_quotes", "forecast")),
        c.text("contracts", "Blocks whose quotes were used, separated by commas."),
    ),
    whole_day="target_day = delivery_day",
    is_mart=True,
)


def _error(name: str, description: str, since: int = 1) -> Column:
    return Column(name, "f64", description, "EUR/MWh", True, 0.0, None, "an absolute value", since=since)


FORECAST_MODELS = Table(
    name="forecast_models",
    stage="forecasting",
    flow="decide",
    description="The day-ahead committee of D and its challengers: what each learnt from, its settings, recent error, weight and trial.",
    key=("zone", "model"),
    columns=(
        c.DELIVERY_DAY,
        c.ZONE,
        c.text("model", "Member of the committee."),
        c.text("family", "Members of a family share its weight equally."),
        c.share("weight", "Weight in the ensemble; 0 when it could not forecast."),
        _error("recent_mae_eur_mwh", "Mean absolute error over the weighting days."),
        c.count("recent_days", "Weighting days it forecast."),
        Column("fitted_for", "date", "Day whose decision its parameters were fitted for; null when it could not forecast.", nullable=True),
        Column("training_first_day", "date", "First day of the history it learnt from.", nullable=True),
        Column("training_last_day", "date", "Last day of the history it learnt from.", nullable=True),
        c.count("exogenous_columns", "Exogenous inputs of the zone's panel."),
        Column("features", "str", "Columns of price_features it reads beside past prices and the calendar.", since=2, default=""),
        Column("left_out", "str", "Groups that are off, and columns that could not be read with the reason.", since=2, default=""),
        c.text("settings", "Hyper-parameters as name=value."),
        Column("settings_from", "str", "Where searched settings come from: declared, desk, trained on a day; empty: none is.", since=2, default=""),
        c.text("seed", "Seed of its random draws; empty for members that draw none."),
        c.text("artefact", "Content hash of the artefact that holds the members' forecasts of D."),
        c.text("note", "Empty, or why it could not forecast or an earlier fit stands in."),
        c.text("role", "Challengers are forecast and scored, and have no weight.", allowed=("member", "challenger"), since=3, default="member"),
        _error("ensemble_mae_eur_mwh", "Mean absolute error of the ensemble over the trial's days, each weighted by the days before it.", since=3),
        _error("changed_mae_eur_mwh", "The same without this member, or with this challenger; null where no list is left.", since=3),
        Column("changed_p", "f64", "One-sided p that the changed list is no better (HAC).", "1", True, 0.0, 1.0, "a probability", since=3),
        Column("trial_days", "i64", "Days of the trial.", "1", minimum=0, reason="a count", since=3, default=0),
    ),
    version=3,
    may_be_empty=True,
    is_mart=True,
)

FORECAST_CONTRIBUTIONS = Table(
    name="forecast_contributions",
    stage="forecasting",
    flow="decide",
    description="Importance of each feature to each member, and its contribution to the member's price of each hour of D.",
    key=("zone", "model", "delivery_start", "input"),
    columns=(
        c.DELIVERY_DAY,
        c.ZONE,
        c.text("model", "The member explained."),
        c.DELIVERY_START,
        c.RESOLUTION,
        c.text("input", "Column of price_features; `typical` is the forecast at typical inputs, where contributions start from."),
        Column("contribution_eur_mwh", "f64", "Added by this input; with `typical` they sum to the member's price of the hour.", "EUR/MWh"),
        c.share("importance", "Trees: share of all splits' loss reduction; others: of the day's absolute contributions.", maximum=1.000001),
        c.text("feature_group", "Group of the input, by which a desk switches it.", nullable=True),
    ),
    version=2,
    readable=2,
    may_be_empty=True,
    is_mart=True,
)

FORECAST_TUNING = Table(
    name="forecast_tuning",
    stage="forecasting",
    flow="decide",
    description="Each setting that training jobs search (orders of SARIMAX, depth and rate of the trees): what D's decision used, and why.",
    key=("zone", "model", "setting"),
    columns=(
        c.DELIVERY_DAY,
        c.ZONE,
        c.text("model", "Member of the committee."),
        c.text("setting", "Of the member; p, d, q, seasonal_p and seasonal_q are SARIMAX's orders."),
        Column("value", "f64", "What was used.", "1"),
        Column("declared_value", "f64", "What holds without a training.", "1"),
        c.text("source", "Where it comes from; `desk`: the desk file pins it.", allowed=("trained", "declared", "desk")),
        Column("trained_on", "date", "Day whose information the training looked at.", nullable=True),
        c.text("criterion", "What the training minimised; empty without one."),
        Column("criterion_value", "f64", "Of the settings found.", "see criterion", True),
        Column("declared_criterion_value", "f64", "Of the declared settings, where they were tried.", "see criterion", True),
        Column("bic", "f64", "Schwarz' criterion of the orders found.", "1", True),
        Column("bic_value", "f64", "What BIC prefers for this setting.", "1", True),
        Column("adf_statistic", "f64", "Augmented Dickey-Fuller statistic of the prices less those of the day before, which decides d.", "1", True),
        c.share("adf_p_value", "Its p-value: a unit root is rejected under 5 %.", nullable=True),
    ),
    may_be_empty=True,
    is_mart=True,
)

FORECAST_DIAGNOSTICS = Table(
    name="forecast_diagnostics",
    stage="forecasting",
    flow="settle_final",
    description="Whether the past errors of the ensemble and of each member look like noise: tests of their daily means over the weighting days.",
    key=("zone", "model"),
    columns=(
        c.DELIVERY_DAY,
        c.ZONE,
        c.text("model", "Which model; of day-ahead prices."),
        c.count("days", "Settled days with a forecast."),
        c.share("ljung_box_p", "Ljung-Box, 7 lags: daily errors do not follow each other.", nullable=True),
        c.share("arch_lm_p", "ARCH-LM, 7 lags: large daily errors do not follow large ones.", nullable=True),
        c.share("jarque_bera_p", "Jarque-Bera: daily errors are normal.", nullable=True),
        Column("skew", "f64", "Of daily errors; above 0 the price was above the forecast now and then by far.", "1", True),
        Column("kurtosis", "f64", "Of daily errors; 3 is normal.", "1", True),
        *(
            Column(name, "f64", f"Autocorrelation of {what}.", "1", True, -1.0, 1.0, "a correlation")
            for name, what in {
                "acf_1d": "daily errors, one day",
                "acf_7d": "daily errors, a week",
                "acf_1h": "hourly errors, one hour; high within a day by construction",
                "acf_24h": "hourly errors, the same hour a day before",
            }.items()
        ),
    ),
    may_be_empty=True,
    is_mart=True,
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
        Column(
            "mae_eur_mwh",
            "f64",
            "Mean absolute error, of the published median where there is one.",
            "EUR/MWh",
            minimum=0.0,
            reason="an absolute value",
        ),
        Column("rmse_eur_mwh", "f64", "Root mean squared error.", "EUR/MWh", minimum=0.0, reason="a root"),
        Column("bias_eur_mwh", "f64", "Mean of forecast less outcome.", "EUR/MWh"),
        Column("mae_naive_eur_mwh", "f64", "MAE of the weekly naive (same slot on D-7).", "EUR/MWh", True, 0.0, None, "an absolute value"),
        Column("pinball_eur_mwh", "f64", "Mean pinball loss over the quantiles.", "EUR/MWh", True, 0.0, None, "a loss"),
        Column(
            "mae_naive_standard_eur_mwh", "f64", "MAE of the standard naive (D-1 Tuesday to Friday, else D-7).", "EUR/MWh", True, 0.0, None, "a size"
        ),
        Column("smape", "f64", "Mean of 2 |p - f| / (|p| + |f|).", "1", minimum=0.0, maximum=2.0, reason="its definition"),
        Column("crps_eur_mwh", "f64", "CRPS, as twice the mean pinball loss.", "EUR/MWh", True, 0.0, None, "a loss"),
        *(
            column
            for share in (50, 80, 90)
            for column in (
                c.share(f"coverage_{share}", f"Share of outcomes inside the {share} % band.", nullable=True),
                Column(f"winkler_{share}_eur_mwh", "f64", f"Mean interval score of the {share} % band.", "EUR/MWh", True, 0.0, None, "a loss"),
            )
        ),
    ),
    may_be_empty=True,
)

FORECAST_LEAD_ERRORS = Table(
    name="forecast_lead_errors",
    stage="forecasting",
    flow="settle_final",
    description="The published mean for D as made at each lead, against what came: what its bias is tested on.",
    key=("zone", "price_kind", "horizon_days"),
    columns=(
        c.DELIVERY_DAY,
        c.ZONE,
        PRICE_KIND,
        Column("horizon_days", "i32", "1 where D was decided, 2 a day before, ...", "d", minimum=1, maximum=14, reason="a fortnight ahead"),
        c.count("intervals", "Intervals with an outcome."),
        Column("bias_eur_mwh", "f64", "Mean of published mean less outcome.", "EUR/MWh"),
        Column("rmse_eur_mwh", "f64", "Root mean squared error of the mean.", "EUR/MWh", minimum=0.0, reason="a root"),
        c.second_price("outcome_eur_mwh", "Mean outcome."),
        Column(
            "rmse_naive_eur_mwh",
            "f64",
            "Of the naive made at the same lead, over the same intervals; null where there was none.",
            "EUR/MWh",
            True,
            0.0,
            None,
            "a root",
            since=2,
            default=None,
        ),
    ),
    version=2,
    may_be_empty=True,
)

FORECAST_VALUE = Table(
    name="forecast_value",
    stage="forecasting",
    flow="settle_final",
    description="What a 1 MW / 2 MWh battery committed on each day-ahead price forecast earned on the day.",
    key=("zone", "model"),
    columns=(
        c.DELIVERY_DAY,
        c.ZONE,
        c.text("model", "Which model; naive is the yardstick."),
        Column("value_eur", "f64", "Earned at the auction's prices by the schedule best for the forecast.", "EUR"),
        Column("foresight_eur", "f64", "Earned by the schedule best for the auction's prices.", "EUR", minimum=0.0, reason="standing still earns 0"),
        Column("losing", "bool", "The forecast's schedule lost money."),
    ),
    may_be_empty=True,
)

FORECAST_COMPARISON = Table(
    name="forecast_comparison",
    stage="forecasting",
    flow="settle_final",
    description="Diebold-Mariano test of the ensemble against each rival over the last 91 settled days, Newey-West with 7 lags.",
    key=("zone", "price_kind", "rival"),
    columns=(
        c.DELIVERY_DAY,
        c.ZONE,
        PRICE_KIND,
        c.text("rival", "The model the ensemble is compared with."),
        c.count("days", "Days both are scored on."),
        Column("ensemble_mae_eur_mwh", "f64", "Mean daily MAE of the ensemble.", "EUR/MWh", minimum=0.0, reason="an absolute value"),
        Column("rival_mae_eur_mwh", "f64", "Mean daily MAE of the rival.", "EUR/MWh", minimum=0.0, reason="an absolute value"),
        c.share("p_value", "One-sided: the ensemble is no better; null under 14 days.", nullable=True),
    ),
    may_be_empty=True,
    is_mart=True,
)

TABLES: tuple[Table, ...] = (
    PRICE_FORECASTS,
    SPREAD_FORECASTS,
    SECOND_PRICE_SKILL,
    FORWARD_CURVE,
    FORECAST_MODELS,
    FORECAST_CONTRIBUTIONS,
    FORECAST_TUNING,
    FORECAST_DIAGNOSTICS,
    FORECAST_SCORES,
    FORECAST_LEAD_ERRORS,
    FORECAST_VALUE,
    FORECAST_COMPARISON,
)
"""In flow order."""
