"""Sections of flexible assets: numbers are those of the tables, charts draw thresholds and what is held back."""

from datetime import date

import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.information.resolution import timestamps
from energy_pipeline.reporting.flexibility_sections import flexibility, settled
from energy_pipeline.reporting.inputs import ReportInputs
from energy_pipeline_tests.renewables.hand_made import tiny_desk

D = date(2025, 10, 24)


def inputs(**tables):
    made = {}
    for name, rows in tables.items():
        starts = timestamps(tiny_desk().delivery_day(D).interval_starts_us(60))
        common = {"delivery_day": D, "zone": "NORTH", "resolution_minutes": 60}
        made[name] = table(name).frame(
            [{**common, **r, **({"delivery_start": starts[r["delivery_start"]]} if "delivery_start" in r else {})} for r in rows]
        )
    return ReportInputs(D, tiny_desk(), made, {})


def value(asset, **changes):
    money = dict.fromkeys(("standard_error_eur", "intrinsic_eur", "foresight_eur", "earnings_at_risk_eur", "npv_eur"), 10.0)
    named = {"asset": asset, "kind": "battery", "information": "sequential", "horizon_days": 1, "shipped": "policy"}
    return {**named, **money, "value_eur": 1234.0, **changes}


def threshold(t, content, below, above):
    limits = {"charge_below_eur_mwh": below, "discharge_above_eur_mwh": above, "energy_value_eur_mwh": (below + above) / 2}
    return {"asset": "acts", "delivery_start": t, "content_mwh": content, **limits}


def test_values_thresholds_services_and_blocks_are_shown():
    thresholds = [threshold(t, c, 30.0 + t, 60.0 + t) for t in range(24) for c in (0.0, 5.0, 10.0)]
    held = dict.fromkeys(("held_power_up_mw", "held_power_down_mw", "charge_mw", "discharge_mw"), 0.0)
    plans = [
        {"asset": "sells", "service": s, "delivery_start": t, "capacity_mw": 3.0, "state_of_charge_mwh": 8.0, **held}
        | {"held_energy_up_mwh": 2.0, "held_energy_down_mwh": 1.0}
        for s in ("regulation", "reserve")
        for t in range(24)
    ]
    blocks = [
        {"asset": "bids", "group_number": 0, "block_number": b, "delivery_start": t, "side": "buy", "quantity_mw": 4.0}
        for b, t in ((0, 2), (0, 3), (1, 5))
    ]
    section = flexibility(inputs(asset_values=[value("acts")], asset_thresholds=thresholds, service_plans=plans, block_orders=blocks))
    assert [c.caption.split(",")[0] for c in section.charts] == ["acts", "sells", "sells", "sells"]
    assert "V_t" in section.charts[0].caption
    assert [cell.text for cell in section.tables[0].rows[0]][4] == "1,234"
    assert [cell.text for cell in section.tables[1].rows[0]] == ["bids", "0", "buy", "2", "8.0"]


def test_settled_days_show_every_rule():
    row = {"asset": "acts", "information": "auction", "discharged_mwh": 9.0, "share_of_foresight": 0.75}
    money = {c: 100.0 * n for n, c in enumerate(("margin_expected_eur", "margin_realised_eur", "margin_intrinsic_eur"))}
    rest = {"margin_rolling_intrinsic_eur": 300.0, "margin_blocks_eur": None, "margin_foresight_eur": 500.0}
    section = settled(inputs(dispatch_settled=[{**row, **money, **rest}]))
    shown = [cell.text for cell in section.tables[0].rows[0]]
    assert shown[2:6] == ["0", "100", "200", "300"]
    assert shown[7] == "500"


def test_a_day_without_them_says_so():
    assert flexibility(inputs()).pending
    assert settled(inputs()).pending
    assert (
        "no flexible asset"
        in flexibility(ReportInputs(D, tiny_desk(), {"asset_values": pl.DataFrame(schema=table("asset_values").frame().schema)}, {})).pending
    )
