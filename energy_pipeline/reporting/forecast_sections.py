"""Sections about how the day's prices were forecast: inputs, members, why, settings, residuals.

What belongs here: from the day's frames to tables. What does not: the forecasts themselves and their scores (`outlook_sections`).
"""

from __future__ import annotations

import polars as pl

from energy_pipeline.reporting.book_sections import groups, not_computed
from energy_pipeline.reporting.inputs import ReportInputs
from energy_pipeline.reporting.view import Cell, Head, Section, TableView, Tone, num, percent, share_cell

MOVED = 0.25
"""A population stability index above it says that the world has moved."""
LISTED = 6
SURE = 0.05
"""Below it a list with a model less, or with a challenger, was better by more than chance explains."""


def inputs_of_models(inputs: ReportInputs) -> Section:
    """What the price models read, what of it is missing or has moved, and which of it mattered."""
    if not inputs.has("feature_statistics"):
        return Section("inputs", "Inputs of the price models", pending=not_computed("feature_statistics"))
    frame = inputs.frame("feature_statistics")
    tables = [TableView("What is read", _READ_HEADS, [_read_row(r) for r in frame.filter(pl.col("status") != "group_off").to_dicts()])]
    if inputs.has("forecast_contributions"):
        tables.append(_mattered(inputs.frame("forecast_contributions")))
    if inputs.has("driver_outlook"):
        tables.append(_outlook(inputs.frame("driver_outlook")))
    off = frame.filter(pl.col("status") == "group_off")["feature_group"].unique().sort().to_list()
    notes = [
        f"Groups that are off: {', '.join(off)}; docs/forecast-features.md says what each gave on real markets." if off else "Every group is on.",
        "PSI compares the last four weeks with the days before them that the models learn from; a season alone can move it.",
    ]
    notes += merit_order_notes(inputs)
    sources = inputs.sources("feature_statistics", "forecast_contributions", "price_features", "driver_outlook")
    return Section("inputs", "Inputs of the price models", tables, notes=notes, sources=sources)


_READ_HEADS = [
    Head("Zone", numeric=False),
    Head("Input", numeric=False),
    Head("Group", numeric=False),
    Head("", numeric=False),
    Head("missing on the day"),
    Head("missing before"),
    Head("mean of the day"),
    Head("mean before"),
    Head("PSI"),
]


def _read_row(r: dict[str, object]) -> list[Cell]:
    status, moved = str(r["status"]), r["psi"]
    tone: Tone = "warn" if isinstance(moved, float) and moved > MOVED else ""
    return [
        Cell(str(r["zone"])),
        Cell(str(r["feature"])),
        Cell(str(r["feature_group"]), "muted"),
        Cell("") if status == "read" else Cell(status.replace("_", " "), "warn", pill=True),
        share_cell(r["missing_share"]),  # type: ignore[arg-type]
        share_cell(r["missing_history_share"]),  # type: ignore[arg-type]
        num(r["day_mean"], 1),  # type: ignore[arg-type]
        num(r["history_mean"], 1),  # type: ignore[arg-type]
        num(moved, 2, tone),  # type: ignore[arg-type]
    ]


def _mattered(frame: pl.DataFrame) -> TableView:
    """The inputs that moved each zone's members most, averaged over members."""
    own = frame.filter(pl.col("input") != "typical")
    by = own.group_by("zone", "model", "input", maintain_order=True).agg(
        pl.col("importance").first(), size=pl.col("contribution_eur_mwh").abs().mean()
    )
    over = by.group_by("zone", "input", maintain_order=True).agg(pl.col("importance").sum(), pl.col("size").sum())
    count = by.group_by("zone", maintain_order=True).agg(members=pl.col("model").n_unique())
    ranked = over.join(count, on="zone").with_columns(pl.col("importance", "size") / pl.col("members"))
    rows = []
    for (zone,), part in groups(ranked.sort("zone", "size", "input", descending=[False, True, False]), "zone"):
        rows += [[Cell(zone), Cell(r["input"]), share_cell(r["importance"]), num(r["size"], 2)] for r in part.head(LISTED).to_dicts()]
    heads = [Head("Zone", numeric=False), Head("Input", numeric=False), Head("importance"), Head("mean contribution, either way", "¤/MWh")]
    return TableView(f"What mattered most, mean of the members ({LISTED} a zone)", heads, rows)


def _outlook(frame: pl.DataFrame) -> TableView:
    """The mean of each driver on each day after D; muted where no weather run tells of it."""
    days = frame["target_day"].unique().sort().to_list()
    found = frame.group_by("zone", "driver", "target_day", maintain_order=True).agg(pl.col("value_mw").mean(), pl.col("method").first())
    rows = []
    for (zone, driver), part in groups(found.sort("zone", "driver", "target_day"), "zone", "driver"):
        by = {r["target_day"]: r for r in part.to_dicts()}
        cells = [num(by[d]["value_mw"], 0, "" if by[d]["method"] == "weather_run" else "muted") for d in days]
        rows.append([Cell(zone), Cell(driver), *cells])
    heads = [Head("Zone", numeric=False), Head("Driver", numeric=False), *(Head(f"{d:%a %d}", "MW") for d in days)]
    return TableView("The days after, daily means (grey: mean of four weeks, for no weather run reaches there)", heads, rows)


def merit_order_notes(inputs: ReportInputs) -> list[str]:
    """A sentence per zone with a merit order: its cost beside the published mean."""
    if not (inputs.has("price_features") and inputs.has("price_forecasts")):
        return []
    cost = inputs.frame("price_features").filter(pl.col("horizon_days") == 1, pl.col("merit_order_eur_mwh").is_not_null())
    first = (pl.col("horizon_days") == 1) & (pl.col("model") == "ensemble") & (pl.col("price_kind") == "day_ahead")
    means = dict(inputs.frame("price_forecasts").filter(first).group_by("zone", maintain_order=True).agg(pl.col("price_eur_mwh").mean()).iter_rows())
    found = []
    for zone, level in cost.group_by("zone", maintain_order=True).agg(pl.col("merit_order_eur_mwh").mean()).sort("zone").iter_rows():
        if means.get(zone) is not None:
            found.append(
                f"{zone}: the last plant the residual load needs costs {level:.1f} ¤/MWh in the day's mean by the merit order, "
                f"the published mean is {means[zone]:.1f}."
            )
    return found


def settings_and_residuals(inputs: ReportInputs) -> Section:
    """What each price model gives, where searched settings come from, and whether past errors look like noise."""
    if not any(inputs.given(name) for name in ("forecast_models", "forecast_diagnostics", "forecast_tuning")):
        return Section("residuals", "The price models", pending=not_computed("forecast_models"))
    tables = []
    if inputs.has("forecast_models"):
        tables.append(TableView("What each gives", _TRIAL_HEADS, _trial_rows(inputs.frame("forecast_models"))))
    if inputs.has("forecast_diagnostics"):
        tables.append(TableView("Errors of the last settled days, daily means", _TEST_HEADS, _test_rows(inputs.frame("forecast_diagnostics"))))
    if inputs.has("forecast_tuning"):
        tables.append(TableView("Settings that training jobs search", _SETTING_HEADS, _setting_rows(inputs.frame("forecast_tuning"))))
    notes = [
        "The change is that of the ensemble's error over the weighting days with a member left out or a challenger put in.",
        "Each of those days is weighted by the days before it: below zero the other list was better, and its p says how easily by chance.",
        "A p-value under 5 % says that the errors hold something a better model could use; over many rows one in twenty does so by chance.",
    ]
    if not inputs.given("forecast_diagnostics"):
        notes.append("The residuals are tested once the day is settled.")
    if inputs.has("forecast_tuning") and (inputs.frame("forecast_tuning")["source"] == "declared").any():
        notes.append("Declared settings hold where no training was found: energy-pipeline tune DAY searches them.")
    sources = inputs.sources("forecast_models", "forecast_diagnostics", "forecast_tuning")
    return Section("residuals", "The price models", tables, notes=notes, sources=sources)


_TRIAL_HEADS = [
    Head("Zone", numeric=False),
    Head("Model", numeric=False),
    Head("", numeric=False),
    Head("weight"),
    Head("own error", "¤/MWh"),
    Head("days"),
    Head("ensemble", "¤/MWh"),
    Head("change without it, or with it"),
    Head("p"),
]


def _trial_rows(frame: pl.DataFrame) -> list[list[Cell]]:
    rows = []
    for r in frame.to_dicts():
        before, after, p = r["ensemble_mae_eur_mwh"], r["changed_mae_eur_mwh"], r["changed_p"]
        change = None if before is None or after is None or before <= 0 else after / before - 1
        tone: Tone = "warn" if p is not None and p < SURE else ""
        challenger = Cell("challenger", "muted", pill=True) if r["role"] == "challenger" else Cell("")
        errors = [num(r["recent_mae_eur_mwh"], 2), num(r["trial_days"]), num(before, 2)]
        rows.append(
            [Cell(r["zone"]), Cell(r["model"]), challenger, share_cell(r["weight"]), *errors, Cell(percent(change, 1), tone), num(p, 3, tone)]
        )
    return rows


_TEST_HEADS = [
    Head("Zone", numeric=False),
    Head("Model", numeric=False),
    Head("days"),
    Head("Ljung-Box p"),
    Head("ARCH-LM p"),
    Head("Jarque-Bera p"),
    Head("skew"),
    Head("kurtosis"),
    Head("ACF 1 d"),
    Head("ACF 7 d"),
    Head("ACF 24 h, hourly"),
]


def _test_rows(frame: pl.DataFrame) -> list[list[Cell]]:
    rows = []
    for r in frame.to_dicts():
        tests = [num(r[name], 3, "warn" if r[name] is not None and r[name] < SURE else "") for name in ("ljung_box_p", "arch_lm_p", "jarque_bera_p")]
        more = [num(r[name], 2) for name in ("skew", "kurtosis", "acf_1d", "acf_7d", "acf_24h")]
        rows.append([Cell(r["zone"]), Cell(r["model"], "strong" if r["model"] == "ensemble" else ""), num(r["days"]), *tests, *more])
    return rows


_SETTING_HEADS = [
    Head("Zone", numeric=False),
    Head("Model", numeric=False),
    Head("Settings", numeric=False),
    Head("From", numeric=False),
    Head("Trained on", numeric=False),
    Head("Criterion", numeric=False),
    Head("found"),
    Head("declared"),
    Head("ADF p"),
]


def _setting_rows(frame: pl.DataFrame) -> list[list[Cell]]:
    rows = []
    for (zone, model), part in groups(frame, "zone", "model"):
        said = part.to_dicts()
        one = next((r for r in said if r["source"] == "trained"), said[0])
        rows.append(
            [
                Cell(zone),
                Cell(model),
                Cell(" ".join(f"{r['setting']}={r['value']:g}" for r in said)),
                Cell(", ".join(sorted({r["source"] for r in said}))),
                Cell("" if one["trained_on"] is None else one["trained_on"].isoformat()),
                Cell(one["criterion"], "muted"),
                num(one["criterion_value"], 3),
                num(one["declared_criterion_value"], 3),
                num(one["adf_p_value"], 3),
            ]
        )
    return rows
