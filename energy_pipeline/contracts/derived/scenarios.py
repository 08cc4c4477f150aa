"""Contracts of the tables of the scenarios stage.

What belongs here: one `Table` per output of that stage, in flow order. What does not: raw
tables (`contracts.raw`) and marts that compute something (`dbt_like_sql/marts/`).
"""

from __future__ import annotations

from energy_pipeline.contracts import columns as c
from energy_pipeline.contracts.derived.shared import SCENARIO_KIND, SCENARIO_UNIT
from energy_pipeline.contracts.model import Column, Table

SUMMED_KINDS = (*(SCENARIO_KIND.allowed or ()), "zone_output", "portfolio_output")

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
        Column("value", "f32", "Value in `unit`.", "see unit", minimum=-2_000_000.0, maximum=2_000_000.0, reason="the widest of prices and powers"),
        SCENARIO_UNIT,
    ),
    alike="scenario",
    days_per_check=4,  # half a million rows a day
    in_report=False,
)

SCENARIO_SUMMARY = Table(
    name="scenario_summary",
    stage="scenarios",
    flow="decide",
    description="Mean, spread and quantiles of the scenario set per series and interval.",
    key=("kind", "name", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        c.text("kind", "What the path is of; output of a zone or the portfolio: its plants together.", allowed=SUMMED_KINDS),
        c.text("name", "Zone or plant; the desk's name for the portfolio."),
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
    ends_flow=True,
)

SCENARIO_SETS = Table(
    name="scenario_sets",
    stage="scenarios",
    flow="decide",
    description="Sets beside the simulated paths: past days' errors, the desk's stresses, and representatives of the day and of the week ahead.",
    key=("set", "kind", "name", "delivery_start", "scenario"),
    columns=(
        c.DELIVERY_DAY,
        c.text("set", "Which set.", allowed=("historical", "stressed", "day", "week")),
        c.text(
            "kind",
            "What the path is of.",
            allowed=("day_ahead_price", "second_price", "plant_output", "load", "wind", "solar", "gas", "carbon"),
        ),
        c.text("name", "Zone or plant; gas and carbon have the desk's own name."),
        c.DELIVERY_START,
        c.RESOLUTION,
        Column("scenario", "i32", "Number of the path in its set.", "1", minimum=0, reason="a number"),
        c.text("label", "The past day, the stress, or the number of the full path it is."),
        c.share("probability", "Probability in its set; 0 for a stress, which is a question, not a forecast."),
        Column("value", "f32", "Value in `unit`.", "see unit", minimum=-2_000_000.0, maximum=2_000_000.0, reason="the widest of prices and powers"),
        c.text("unit", "Unit of the value.", allowed=("EUR/MWh", "MW", "EUR/t", "USD/t", "USD/MMBtu")),
        c.share(
            "reduction_error",
            "Kantorovich distance to the full set as a share of that of one scenario; 0 where nothing was left out.",
        ),
    ),
    may_be_empty=True,
    whole_day="\"set\" <> 'week'",
    days_per_check=8,
    in_report=False,
)

SCENARIO_SCORES = Table(
    name="scenario_scores",
    stage="scenarios",
    flow="settle_final",
    description="How good the day's scenario set was, per series and for all zones together (kind joint).",
    key=("kind", "name"),
    columns=(
        c.DELIVERY_DAY,
        c.text(
            "kind",
            "Which series; plant_output is all plants of a zone; joint: all day-ahead prices, each over its spread.",
            allowed=("day_ahead_price", "second_price", "plant_output", "joint"),
        ),
        c.text("name", "Zone, or all."),
        c.text("unit", "Unit of the scores; 1 for joint.", allowed=("EUR/MWh", "MW", "1")),
        c.count("values", "Intervals scored together."),
        c.count("scenarios", "Paths."),
        Column("energy_score", "f64", "Energy score; smaller is better.", "see unit"),
        Column("energy_score_independent", "f64", "The same of the set with every interval's values shuffled.", "see unit"),
        Column("variogram_score", "f64", "Variogram score of order 1/2; smaller is better.", "see unit", minimum=0.0, reason="a square"),
        Column("variogram_score_independent", "f64", "The same of the shuffled set.", "see unit", minimum=0.0, reason="a square"),
        c.share("rank_mean", "Rank of the day's mean among the scenarios' means, in (0, 1)."),
        c.share("rank_spread", "Rank of the day's standard deviation over its intervals among the scenarios', in (0, 1)."),
        c.share("rank_multivariate", "Rank of the outcome's average rank, in (0, 1)."),
        c.share("tail_dependence", "P(another zone's day mean in its upper fifth | this one's is), mean over zones; null with one.", nullable=True),
        c.share("tail_dependence_history", "The same of the historical set.", nullable=True),
    ),
    may_be_empty=True,
)

TABLES: tuple[Table, ...] = (
    SCENARIO_PATHS,
    SCENARIO_SUMMARY,
    SCENARIO_SETS,
    SCENARIO_SCORES,
)
"""In flow order."""
