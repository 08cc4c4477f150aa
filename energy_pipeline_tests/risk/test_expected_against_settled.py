"""Expected against settled: a bias is found with its t, all rows are judged together, short records are not judged."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.risk import expectation_record
from energy_pipeline_tests.contracts.legal_frames import legal_rows

DAY = date(2026, 3, 30)


def record(days, bias=0.0, leads=(1,)):
    rng = np.random.default_rng(7)
    past = [DAY - timedelta(days=n) for n in range(days)]
    errors = [
        {"delivery_day": d, "zone": "NORTH", "price_kind": "day_ahead", "horizon_days": lead, "intervals": 24, "outcome_eur_mwh": 50.0}
        | {"bias_eur_mwh": bias + e, "rmse_eur_mwh": 5.0 + e / 9, "rmse_naive_eur_mwh": 10.0 if lead < 3 else None}
        for d, e in zip(past, rng.normal(0, 1, days), strict=True)
        for lead in leads
    ]
    money = [
        {"delivery_day": d, "level": x, "expected_pnl_eur": 120.0, "pnl_eur": 100.0 + e}
        for d, e in zip(past, rng.normal(0, 9, days), strict=True)
        for x in (0.95, 0.99)
    ]
    frames = [pl.concat([legal_rows(table(n), [r]) for r in rows]) for n, rows in (("var_exceptions", money), ("forecast_lead_errors", errors))]
    return enforce(table("expectation_record"), expectation_record(DAY, *frames), DAY)


def test_a_bias_beyond_what_is_allowed_is_named_and_the_pnl_is_tested_once_a_day():
    found = {r["quantity"]: r for r in record(60, bias=0.9).to_dicts()}
    price, money = found["day_ahead_price"], found["pnl"]
    assert (price["days"], price["allowed"], price["verdict"]) == (60, 0.5, "outside")
    assert price["difference"] == pytest.approx(0.9, abs=0.4)
    assert price["hac_t"] > 4
    assert money["days"] == 60
    assert money["difference"] == pytest.approx(20.0, abs=4.0)
    assert price["p_holm"] >= price["p_value"]


def test_no_bias_passes_and_few_days_are_not_judged():
    assert set(record(60, leads=(1, 3, 7)).filter(pl.col("quantity") != "pnl")["verdict"]) == {"inside"}
    short = record(9, bias=5.0)
    assert set(short["verdict"]) == {"too_short"}
    assert short["hac_t"].null_count() == short.height


def test_leads_are_grouped():
    assert record(20, leads=(1, 2, 4, 5, 7)).filter(pl.col("quantity") == "day_ahead_price")["lead_group"].to_list() == ["D", "D+1..3", "D+4..7"]


def test_the_mean_is_set_against_the_naive_of_the_same_lead_where_there_was_one():
    found = {r["lead_group"]: r for r in record(60, leads=(1, 5)).filter(pl.col("quantity") == "day_ahead_price").to_dicts()}
    assert found["D"]["rmse_naive"] == pytest.approx(10.0)
    assert found["D"]["skill"] == pytest.approx(1 - found["D"]["rmse"] ** 2 / 100)
    assert found["D"]["skill_t"] > 10
    assert [found["D+4..7"][name] for name in ("rmse_naive", "skill", "skill_t")] == [None] * 3
