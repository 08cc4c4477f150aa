"""Sections about what the decision rests on: forecasts, plants, dispatch, signals, scores, data.

What belongs here: from the day's frames to tables and charts. What does not: layout,
or any forecast.
"""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import polars as pl

from energy_pipeline.reporting.book_sections import NOT_SETTLED, groups, not_computed
from energy_pipeline.reporting.charts import Band, Bars, Mark, Steps, day_chart
from energy_pipeline.reporting.inputs import ReportInputs, hours, mean, names, starts_us, total
from energy_pipeline.reporting.view import Cell, ChartView, Head, Section, TableView, Tone, num, share_cell

MODEL = "ensemble"
AXIS_NOTE = "Charts run over the local day; hours are wall clock, intervals are labelled by their start."


def _steps(css: str, frame: pl.DataFrame, column: str) -> Steps:
    return Steps(css, starts_us(frame), _minutes(frame), frame[column].to_list())


def _band(css: str, frame: pl.DataFrame, lower: str, upper: str) -> Band:
    return Band(css, starts_us(frame), _minutes(frame), frame[lower].to_list(), frame[upper].to_list())


def _minutes(frame: pl.DataFrame) -> int:
    return int(frame["resolution_minutes"].to_list()[0])


def price_forecasts(inputs: ReportInputs) -> Section:
    """The price forecast of each zone with its bands, and what came once it is known."""
    if not inputs.has("price_forecasts"):
        return Section("prices", "Price forecasts", pending=not_computed("price_forecasts"))
    frame = inputs.frame("price_forecasts")
    today = frame.filter((pl.col("horizon_days") == 1) & (pl.col("model") == MODEL))
    charts, rows = [], []
    for (zone, kind), part in groups(today, "zone", "price_kind"):
        outcome = _outcome(inputs, zone, kind)
        charts.append(_price_chart(inputs, zone, kind, part, _naive(frame, zone, kind), outcome))
        rows.append(_price_row(inputs, zone, kind, part, outcome))
    heads = [
        Head("Zone", numeric=False),
        Head("Price", numeric=False),
        Head("base", "¤/MWh"),
        Head("peak", "¤/MWh"),
        Head("lowest", "¤/MWh"),
        Head("highest", "¤/MWh"),
        Head("mean 5-95 % width", "¤/MWh"),
        Head("base settled", "¤/MWh"),
    ]
    tables = [TableView(f"Forecast of the {MODEL}", heads, rows)]
    week = _week_ahead(frame)
    if week is not None:
        tables.append(week)
    if inputs.has("second_price_skill"):
        tables.append(_second_price_skill(inputs.frame("second_price_skill")))
    reasons = sorted({f"{z} {k} {m}: {f}" for z, k, m, f in frame.select("zone", "price_kind", "model", "fallback").iter_rows() if f})
    notes = [AXIS_NOTE, *(f"Fallback: {r}." for r in reasons)]
    sources = inputs.sources("price_forecasts", "second_price_skill", "day_ahead_prices", "pnl_day_ahead", "pnl")
    return Section("prices", "Price forecasts", tables, charts, notes, sources=sources)


def day_ahead_chart(inputs: ReportInputs, zone: str) -> ChartView | None:
    """The day-ahead forecast of one zone with its fan, and what came; None where there is no forecast."""
    frame = inputs.frame("price_forecasts")
    own = (pl.col("horizon_days") == 1) & (pl.col("model") == MODEL) & (pl.col("zone") == zone) & (pl.col("price_kind") == "day_ahead")
    part = frame.filter(own)
    if part.is_empty():
        return None
    return _price_chart(inputs, zone, "day_ahead", part, _naive(frame, zone, "day_ahead"), _outcome(inputs, zone, "day_ahead"))


def _day_before(inputs: ReportInputs, zone: str, part: pl.DataFrame) -> Steps | None:
    """Yesterday's auction result at the same wall-clock times as the forecast's intervals; an hour yesterday lacked stays empty."""
    prices = inputs.tables.get("day_ahead_prices")
    if prices is None:
        return None
    clock, now = ZoneInfo(inputs.desk.time_zone), part["delivery_start"].to_list()
    yesterday = prices.filter(pl.col("delivery_day") == inputs.day - timedelta(days=1), pl.col("zone") == zone).sort("delivery_start", "known_at")
    rows = zip(yesterday["delivery_start"].to_list(), yesterday["resolution_minutes"].to_list(), yesterday["price_eur_mwh"].to_list(), strict=True)
    came = {(start + timedelta(minutes=m)).astimezone(clock).time(): v for start, minutes, v in rows for m in range(0, minutes, 15)}
    found = [came.get(start.astimezone(clock).time()) for start in now]
    return Steps("line before", starts_us(part), _minutes(part), found) if any(v is not None for v in found) else None


def _naive(frame: pl.DataFrame, zone: str, kind: str) -> pl.DataFrame:
    return frame.filter((pl.col("horizon_days") == 1) & (pl.col("model") == "naive") & (pl.col("zone") == zone) & (pl.col("price_kind") == kind))


def _outcome(inputs: ReportInputs, zone: str, kind: str) -> tuple[pl.DataFrame, str] | None:
    """What came, and in which column: the settled table first, else the auction's result."""
    choices = [("pnl", "price_da_eur_mwh"), ("pnl_day_ahead", "price_eur_mwh"), ("day_ahead_prices", "price_eur_mwh")]
    if kind == "second":
        choices = [("pnl", "price_second_eur_mwh")]
    for table, column in choices:
        frame = inputs.latest(table).filter(pl.col("zone") == zone)
        if table == "pnl_day_ahead":
            frame = frame.filter(pl.col("instrument") == "day_ahead")
        if frame.height:
            return frame, column
    return None


def _price_chart(
    inputs: ReportInputs, zone: str, kind: str, part: pl.DataFrame, naive: pl.DataFrame, outcome: tuple[pl.DataFrame, str] | None
) -> ChartView:
    marks: list[Mark] = [_band("band wide", part, "q05_eur_mwh", "q95_eur_mwh"), _band("band core", part, "q25_eur_mwh", "q75_eur_mwh")]
    legend = [("wide", "5-95 %"), ("core", "25-75 %"), ("main", MODEL)]
    if naive.height:
        marks.append(_steps("line naive", naive, "price_eur_mwh"))
        legend.append(("naive", "naive"))
    marks.append(_steps("line main", part, "price_eur_mwh"))
    if outcome is not None:
        marks.append(_steps("line outcome", *outcome))
        legend.append(("outcome", "settled"))
    elif kind == "day_ahead" and (before := _day_before(inputs, zone, part)) is not None:
        marks.append(before)
        legend.append(("before", f"outcome of {inputs.day - timedelta(days=1):%d %b}"))
    title = f"{zone} {'day-ahead' if kind == 'day_ahead' else 'second'} price"
    return ChartView(f"{title} [¤/MWh]", day_chart(title, "¤/MWh", inputs.delivery, marks), legend)


def _price_row(inputs: ReportInputs, zone: str, kind: str, part: pl.DataFrame, outcome: tuple[pl.DataFrame, str] | None) -> list[Cell]:
    prices, peak = part["price_eur_mwh"].to_list(), inputs.peak(part)
    widths = [None if a is None or b is None else b - a for a, b in zip(part["q05_eur_mwh"].to_list(), part["q95_eur_mwh"].to_list(), strict=True)]
    came = mean(outcome[0][outcome[1]].to_list()) if outcome is not None else None
    return [
        Cell(zone),
        Cell(kind.replace("_", "-")),
        num(mean(prices), 2, "strong"),
        num(mean(p for p, inside in zip(prices, peak, strict=True) if inside), 2),
        num(min(prices), 2),
        num(max(prices), 2),
        num(mean(widths), 2),
        num(came, 2),
    ]


def _week_ahead(frame: pl.DataFrame) -> TableView | None:
    later = frame.filter((pl.col("horizon_days") > 1) & (pl.col("price_kind") == "day_ahead"))
    if not later.height:
        return None
    days = sorted(set(later["target_day"].to_list()))
    rows = [
        [Cell(zone), Cell(model), *(num(mean(part.filter(pl.col("target_day") == d)["price_eur_mwh"].to_list()), 2) for d in days)]
        for (zone, model), part in groups(later, "zone", "model")
    ]
    heads = [Head("Zone", numeric=False), Head("Model", numeric=False), *(Head(d.strftime("%a %d %b"), "¤/MWh") for d in days)]
    return TableView("Days after: mean day-ahead price", heads, rows)


def _second_price_skill(frame: pl.DataFrame) -> TableView:
    """What past forecasts of the second price were worth against the two naives; the desk trades on none without skill."""
    heads = [
        Head("Zone", numeric=False),
        Head("Price", numeric=False),
        Head("settled days"),
        *(Head(name, "¤/MWh") for name in ("RMSE of the model", "of no spread", "of the last known spread")),
        *(Head(f"t against {name}") for name in ("no spread", "the last known spread")),
        Head("share published"),
        Head("", numeric=False),
        Head("traded on", numeric=False),
    ]
    tones: dict[str, Tone] = {"skill": "ok", "no_skill": "warn", "too_short": "muted"}
    rows = [
        [
            *(Cell(r["zone"]), Cell(r["price_kind"]), num(r["days"])),
            *(num(r[f"rmse{rival}_eur_mwh"], 2) for rival in ("", "_no_spread", "_last_spread")),
            *(num(r[f"hac_t_{rival}"], 2) for rival in ("no_spread", "last_spread")),
            share_cell(r["gain"]),
            Cell(r["verdict"].replace("_", " "), tones[r["verdict"]], pill=True),
            Cell("yes" if r["verdict"] == "skill" else f"no: {r['reason']}", "muted"),
        ]
        for r in frame.to_dicts()
    ]
    return TableView("Second price less day-ahead price: what past forecasts were worth", heads, rows)


def plant_output(inputs: ReportInputs) -> Section:
    """Expected output of each plant with its band, and the meter once it is known."""
    if not inputs.has("plant_output"):
        reason = "The desk has no plant." if inputs.given("plant_output") else not_computed("plant_output")
        return Section("plants", "Plant output", pending=reason)
    charts, rows = [], []
    meters = _settled_meters(inputs)
    for (plant,), part in groups(inputs.frame("plant_output"), "plant"):
        metered = meters.filter((pl.col("plant") == plant) & pl.col("output_mw").is_not_null())
        first = part.to_dicts()[0]
        marks: list[Mark] = [_band("band wide", part, "q10_mw", "q90_mw"), _steps("line main", part, "output_mw")]
        legend = [("wide", "10-90 %"), ("main", "expected")]
        if metered.height:
            marks.append(_steps("line outcome", metered, "output_mw"))
            legend.append(("outcome", "metered"))
        svg = day_chart(f"{plant} output", "MW", inputs.delivery, marks, zero=True)
        charts.append(ChartView(f"{plant}, {first['technology']}, {first['zone']} [MW]", svg, legend))
        rows.append(_plant_row(plant, part, metered))
    heads = [
        Head("Plant", numeric=False),
        Head("Zone", numeric=False),
        Head("Method", numeric=False),
        Head("expected", "MWh"),
        Head("highest", "MW"),
        Head("capacity", "MW"),
        Head("metered", "MWh"),
        Head("", numeric=False),
    ]
    table = TableView("Expected output, E[g | gate]", heads, rows)
    return Section("plants", "Plant output", [table], charts, sources=inputs.sources("plant_output", "plant_meters"))


def _settled_meters(inputs: ReportInputs) -> pl.DataFrame:
    """Meters as the settlement knew them; none before the day is settled."""
    settled = inputs.frame("pnl")["settled_as_of"].to_list()
    meters = inputs.frame("plant_meters")
    known = meters.filter(pl.col("known_at") <= max(settled)) if settled else meters.clear()
    return (
        known.sort("known_at", maintain_order=True)
        .unique(subset=["plant", "delivery_start"], keep="last", maintain_order=True)
        .sort("plant", "delivery_start")
    )


def _plant_row(plant: str, part: pl.DataFrame, metered: pl.DataFrame) -> list[Cell]:
    first = part.to_dicts()[0]
    expected = part["output_mw"].to_list()
    known = total(g * h for g, h in zip(metered["output_mw"].to_list(), hours(metered), strict=True)) if metered.height else None
    return [
        Cell(plant),
        Cell(str(first["zone"])),
        Cell(str(first["method"]), "muted"),
        num(total(g * h for g, h in zip(expected, hours(part), strict=True)), 1, "strong"),
        num(max(expected), 1),
        num(first["capacity_mw"], 1),
        num(known, 1),
        Cell("fallback", "warn", pill=True) if part["is_fallback"].any() else Cell(""),
    ]


def dispatch(inputs: ReportInputs) -> Section:
    """The committed schedule of each flexible asset, and its margin once settled."""
    if not inputs.has("dispatch"):
        reason = "The desk has no flexible asset." if inputs.given("dispatch") else not_computed("dispatch")
        return Section("dispatch", "Dispatch", pending=reason)
    charts: list[ChartView] = []
    rows = []
    for (asset,), part in groups(inputs.frame("dispatch"), "asset"):
        net = day_chart(
            f"{asset} net output", "MW", inputs.delivery, [Bars("bar", starts_us(part), _minutes(part), part["net_mw"].to_list())], zero=True
        )
        store = day_chart(f"{asset} state of charge", "MWh", inputs.delivery, [_steps("line main", part, "state_of_charge_mwh")], zero=True)
        price = day_chart(f"{asset} price it was scheduled on", "¤/MWh", inputs.delivery, [_steps("line naive", part, "price_forecast_eur_mwh")])
        charts += [
            ChartView(f"{asset}, net output [MW]", net, [("up", "discharge"), ("down", "charge")]),
            ChartView(f"{asset}, state of charge [MWh]", store, [("main", "at interval end")]),
            ChartView(f"{asset}, forecast price [¤/MWh]", price, [("naive", "scheduled on")]),
        ]
        rows.append(_asset_row(inputs, asset, part))
    heads = [
        Head("Asset", numeric=False),
        Head("Zone", numeric=False),
        Head("discharged", "MWh"),
        Head("charged", "MWh"),
        Head("expected margin", "¤"),
        Head("realised margin", "¤"),
        Head("perfect foresight", "¤"),
        Head("share of foresight"),
    ]
    notes = ["The schedule is committed before any price of the day is known (information: auction)."]
    if not inputs.has("dispatch_settled"):
        notes.append("Realised margins: not settled yet.")
    table = TableView("Schedule and margin", heads, rows)
    return Section("dispatch", "Dispatch of flexible assets", [table], charts, notes, sources=inputs.sources("dispatch", "dispatch_settled"))


def _asset_row(inputs: ReportInputs, asset: str, part: pl.DataFrame) -> list[Cell]:
    length = hours(part)
    settled = inputs.frame("dispatch_settled").filter(pl.col("asset") == asset).to_dicts()
    margin = settled[0] if settled else dict.fromkeys(("margin_expected_eur", "margin_realised_eur", "margin_foresight_eur", "share_of_foresight"))
    return [
        Cell(asset),
        Cell(str(part["zone"].to_list()[0])),
        num(total(p * h for p, h in zip(part["discharge_mw"].to_list(), length, strict=True)), 1),
        num(total(p * h for p, h in zip(part["charge_mw"].to_list(), length, strict=True)), 1),
        num(margin["margin_expected_eur"]),
        num(margin["margin_realised_eur"], tone="strong"),
        num(margin["margin_foresight_eur"]),
        share_cell(margin["share_of_foresight"]),
    ]


def scores(inputs: ReportInputs) -> Section:
    """How the day's forecasts did, model by model."""
    if not inputs.has("forecast_scores"):
        return Section("scores", "Forecast scores", pending=NOT_SETTLED)
    heads = [
        Head("Zone", numeric=False),
        Head("Price", numeric=False),
        Head("Model", numeric=False),
        Head("MAE", "¤/MWh"),
        Head("over the naive's"),
        Head("RMSE", "¤/MWh"),
        Head("bias", "¤/MWh"),
        Head("pinball", "¤/MWh"),
        Head("in 80 % band"),
        Head("in 90 % band"),
    ]
    rows = []
    for r in inputs.frame("forecast_scores").to_dicts():
        relative = r["mae_eur_mwh"] / r["mae_naive_standard_eur_mwh"] if r["mae_naive_standard_eur_mwh"] else None
        rows.append(
            [
                Cell(r["zone"]),
                Cell(r["price_kind"].replace("_", "-")),
                Cell(r["model"], "strong" if r["model"] == MODEL else ""),
                num(r["mae_eur_mwh"], 2, "strong" if r["model"] == MODEL else ""),
                num(relative, 2),
                num(r["rmse_eur_mwh"], 2),
                num(r["bias_eur_mwh"], 2),
                num(r["pinball_eur_mwh"], 2),
                share_cell(r["coverage_80"]),
                share_cell(r["coverage_90"]),
            ]
        )
    return Section("scores", "Forecast scores", [TableView("Errors of the day", heads, rows)], sources=inputs.sources("forecast_scores"))


def data_quality(inputs: ReportInputs) -> Section:
    """Every series that is not whole, and every one that did not come on time."""
    tables, notes = [], []
    if inputs.given("data_quality"):
        frame = inputs.frame("data_quality")
        flagged = frame.filter(pl.col("status") != "ok")
        notes.append(f"{frame.height - flagged.height} of {frame.height} checks of raw series found nothing to say.")
        notes += [f"{r['raw_table']} {r['series']}: {r['detail']}." for r in frame.filter(pl.col("check") == "live_source").to_dicts()]
        if flagged.height:
            tables.append(_quality_table(flagged))
    late = inputs.frame("information_set").filter(pl.col("status") != "on_time").unique(["raw_table", "series", "status"], maintain_order=True)
    if late.height:
        heads = [Head("Raw table", numeric=False), Head("Series", numeric=False), Head("At the decision", numeric=False)]
        rows = [[Cell(r["raw_table"]), Cell(r["series"]), Cell(r["status"], "warn", pill=True)] for r in late.to_dicts()]
        tables.append(TableView("Series that were late", heads, rows))
    fallback = inputs.frame("driver_forecasts").filter(pl.col("is_fallback"))
    if fallback.height:
        heads = [Head("Zone", numeric=False), Head("Driver", numeric=False), Head("Method that stands in", numeric=False)]
        chosen = fallback.select("zone", "driver", "method").unique(maintain_order=True).iter_rows()
        tables.append(TableView("Drivers on a fallback", heads, [[Cell(z), Cell(d), Cell(m, "warn")] for z, d, m in chosen]))
    pending = "" if tables or notes else not_computed("data_quality")
    sources = inputs.sources("data_quality", "information_set", "driver_forecasts")
    return Section("quality", "Data quality", tables, notes=notes, pending=pending, sources=sources)


def _quality_table(flagged: pl.DataFrame) -> TableView:
    heads = [
        Head("Raw table", numeric=False),
        Head("Series", numeric=False),
        Head("Status", numeric=False),
        Head("expected"),
        Head("found"),
        Head("missing"),
        Head("unknown"),
        Head("outage zeros"),
        Head("Detail", numeric=False),
    ]
    tones = {"error": "bad", "held": "bad", "gap": "warn", "absent": "warn", "not_yet": "muted", "second_source": "warn"}
    rows = [
        [
            Cell(r["raw_table"]),
            Cell(r["series"]),
            Cell(r["status"].replace("_", " "), tones[r["status"]], pill=True),  # type: ignore[arg-type]
            *(num(r[c]) for c in ("expected_count", "found_count", "missing_count", "null_count", "outage_zero_count")),
            Cell(r["detail"], "muted"),
        ]
        for r in flagged.to_dicts()
    ]
    return TableView("Series with something to say", heads, rows)


def conventions(inputs: ReportInputs) -> list[str]:
    """Zones whose wind and solar inputs follow the literature's convention instead of the gate."""
    declared = {name for name, zone in inputs.desk.zones.items() if zone.tso_res_forecast == "epf_convention"}
    used = inputs.frame("driver_forecasts").filter(pl.col("method") == "vendor_convention")
    return sorted(declared | set(names(used, "zone")))
