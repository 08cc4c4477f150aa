"""Made-up frames of one delivery day that satisfy every contract: enough to draw a report and fill the marts.

A column that no row here names gets a legal value from its contract (`legal_rows`), so a new column needs no edit.
"""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts import table
from energy_pipeline.contracts.derived import QUANTILES, quantile_column
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.desk import demo_desk_path, load_desk
from energy_pipeline_tests.contracts.legal_frames import legal_rows

ZONES = {"NORTH": "intraday", "SOUTH": "imbalance", "WEST": "none"}
PLANTS = {"coast_wind": ("NORTH", "wind", 120.0), "valley_solar": ("SOUTH", "solar", 66.0)}


class MadeUpDay:
    """Frames by table for one delivery day of the demo desk."""

    def __init__(self, day):
        self.day = day
        self.desk = load_desk(demo_desk_path())
        self.delivery = self.desk.delivery_day(day)
        self.decision = self.desk.decision_time(day)
        self.random = np.random.default_rng(day.toordinal())
        self.tables = {}
        self._raw()
        self._forecasts()
        self._book()
        self._risk()
        self._settle()
        self._rivals()
        self._fleet()
        self._more_risk()
        self._models()

    def _models(self):
        day = {"delivery_day": self.day, "zone": "NORTH"}
        read = {"missing_share": 0.0, "missing_history_share": 0.01, "day_mean": 51_000.0, "history_mean": 48_000.0, "psi": 0.31}
        named = [("load_mw", "drivers", "read"), ("gas_eur_mwh", "fuels", "group_off")]
        rows = [{**day, "feature": f, "feature_group": g, "status": s, **(read if s == "read" else dict.fromkeys(read))} for f, g, s in named]
        self._add("feature_statistics", rows)
        start = self.delivery.start
        parts = [("load_mw", 0.8, 12.0, "drivers"), ("price_lag_1d_eur_mwh", 0.2, -3.0, "prices"), ("typical", 0.0, 40.0, "typical")]
        rows = [
            {**day, "model": "lear_56", "delivery_start": start, "input": i, "importance": s, "contribution_eur_mwh": c, "feature_group": g}
            for i, s, c, g in parts
        ]
        self._add("forecast_contributions", rows)
        learnt = {"family": "lear", "weight": 1.0, "recent_mae_eur_mwh": 5.2, "recent_days": 28, "exogenous_columns": 3, "artefact": "ab"}
        learnt |= {"ensemble_mae_eur_mwh": 5.0, "trial_days": 28, "settings": "window_days=56", "seed": "", "note": ""}
        own = {"model": "lear_56", "role": "member", "changed_mae_eur_mwh": 5.4, "changed_p": 0.98}
        rival = {"model": "network", "role": "challenger", "weight": 0.0, "changed_mae_eur_mwh": 4.9, "changed_p": 0.04}
        self._add("forecast_models", [{**day, **learnt, **own}, {**day, **learnt, **rival}])
        tests = {"days": 28, "ljung_box_p": 0.03, "arch_lm_p": 0.4, "jarque_bera_p": None, "skew": 0.2, "kurtosis": 3.4, "acf_1d": 0.4}
        self._add("forecast_diagnostics", [{**day, "model": "ensemble", **tests}])
        found = {"source": "trained", "trained_on": self.day, "criterion": "aic", "criterion_value": 800.0, "adf_p_value": 0.001}
        self._add("forecast_tuning", [{**day, "model": "sarimax", "setting": "p", "value": 2.0, "declared_value": 2.0, **found}])
        later = {"horizon_days": 2, "target_day": self.day + timedelta(days=1), "delivery_start": start + timedelta(days=1), "resolution_minutes": 60}
        said = [("wind", 1_234.0, "weather_run"), ("load", 50_600.0, "climatology")]
        self._add("driver_outlook", [{**day, **later, "driver": d, "value_mw": mw, "method": how} for d, mw, how in said])
        cost = {"horizon_days": 1, "target_day": self.day, "merit_order_eur_mwh": 61.0}
        self._add("price_features", [{**day, "delivery_start": start, "resolution_minutes": 60, **cost}])

    def _more_risk(self):
        day = {"delivery_day": self.day}
        values = {"var_eur": 15_000.0, "es_eur": 21_000.0, "var_error_eur": 900.0, "es_error_eur": 1_200.0, "error_days": 45, "note": ""}
        keys = {"scope": "book", "horizon_days": 1, "scaling": "none", "level": 0.95}
        self._add("risk_methods", [{**day, **keys, **values, "method": m} for m in ("normal", "historical", "monte_carlo")])
        tests = {"days": 40, "exceptions": 3, "expected_exceptions": 2.0, "kupiec_p": 0.5, "independence_p": 0.04, "conditional_p": 0.1}
        self._add("var_backtests", [{**day, "level": 0.95, **tests, "traffic_light": "too_few", "es_statistic": -0.2, "pit_p": 0.3}])
        record = {"days": 40, "expected": 51.0, "settled": 50.0, "difference": 1.0, "hac_t": 2.5, "p_value": 0.012, "p_holm": 0.04, "rmse": 6.0}
        said = {"quantity": "day_ahead_price", "zone": "NORTH", "lead_group": "D", "unit": "EUR/MWh", "allowed": 0.5, "verdict": "outside"}
        self._add("expectation_record", [{**day, **record, **said}])
        earned = {"scope": "book", "name": "book", "window_days": 30, "days": 21, "first_day": self.day, "verdict": "measured", "sharpe": 1.25}
        self._add("performance", [{**day, **earned, "benchmark": "expected_output", "result_eur": 91_234.0, "added_eur": -1_777.0}])
        self._add("hedge_proposals", [{**day, "contract": "NORTH base", "trade_mw": -12.5, "cost_eur": 90.0, "note": "repairs es_eur"}])
        model = {"scope": "book", "days": 45, "note": ""}
        named = [("hub", "EUR/MWh", 800.0, 0.6), ("wind", "GW", -300.0, 0.1), ("idiosyncratic", "EUR", None, 0.3)]
        rows = [
            {**day, **model, "factor_kind": kind, "factor": f, "unit": u, "exposure_eur": e, "contribution_eur": 9_000.0 * s, "share_of_variance": s}
            for kind in ("named", "component")
            for f, u, e, s in named
        ]
        self._add("factor_exposures", rows)
        deal = {"deal": "NORTH base #1", "zone": "NORTH", "block": "base", "entry_price_eur_mwh": 70.0, "curve_price_eur_mwh": 64.0}
        mark = {"energy_mwh": -360.0, "value_eur": 2_160.0, "basis": "quotes", "is_proxy": False}
        self._add("mark_to_market", [{**day, **deal, **mark, "target_day": self.day + timedelta(days=n)} for n in range(3)])
        why = {"deal": "book", "zone": "", "block": "", "counterparty": "", "note": ""}
        found = (("quarter", "curve", 411.0), ("day", "delivered", -60.0), ("all", "change", 351.0), ("all", "unexplained", 0.0))
        self._add("book_explain", [{**day, **why, "tenor": t, "leg": leg, "value_eur": v} for t, leg, v in found])
        terms = {"zone": "NORTH", "block": "base", "first_day": self.day, "last_day": self.day + timedelta(days=2), "position_mw": -5.0}
        money = {"price": 70.0, "currency": "EUR", "exchange_rate": 1.0, "price_eur_mwh": 70.0, "is_proxy": False, "known_at": None}
        self._add(
            "deals", [{**day, **terms, **money, "deal": "NORTH base #1", "trade": "NORTH base #1", "leg": 0, "source": "desk", "tenor": "other"}]
        )
        curve = {"zone": "NORTH", "block": "base", "hours": 24.0, "price_eur_mwh": 64.0, "mark_level": "quoted", "rests_on_proxy": False}
        self._add("curve_days", [{**day, **curve, "target_day": self.day + timedelta(days=n)} for n in range(3)])
        lost = {"horizon_days": 1, "scope": "book", "value_eur": 352_857.0, "dates": 39, "note": "5 period(s) move with past prices"}
        self._add("mark_risk", [{**day, **lost, "measure": m, "level": 0.975} for m in ("var", "es")])
        part = {"horizon_days": 1, "measure": "es", "level": 0.975, "component_kind": "tenor", "share_of_total": 0.5, "energy_mwh": -360.0}
        self._add("mark_contributions", [{**day, **part, "component": t, "contribution_eur": 176_000.0} for t in ("day", "quarter")])
        used = {"limit_name": "open_mwh", "scope": "quarter", "unit": "MWh", "used": 66_255.0, "bound": 50_000.0, "use_share": 1.3, "status": "red"}
        self._add("book_limits", [{**day, **used, "price_eur": 0.1}])
        mended = {"quoted_contract": "NORTH base 2026-07-01..2026-09-30", "trade_mw": 7.5, "price_eur_mwh": 73.0, "cost_eur": 1_650.0}
        self._add("book_repair", [{**day, **mended, "note": "mends open_mwh [quarter]"}])
        fell = {"level": 0.975, "var_eur": 352_857.0, "es_eur": 360_000.0, "change_eur": 99_202.0, "is_exception": False}
        self._add("mark_var_exceptions", [{**day, **fell}])
        tested = {"exceptions": 0, "expected_exceptions": 1.0, "kupiec_p": 0.02, "independence_p": 1.0, "conditional_p": 0.5, "es_statistic": 1.0}
        self._add("mark_var_backtests", [{**day, "level": 0.975, "days": 40, **tested, "traffic_light": "too_few"}])
        legs = {"delta": -800.0, "volume": 150.0, "gamma": 20.0, "change": -630.0, "unexplained": 0.0}
        self._add(
            "pnl_attribution",
            [
                {**day, "part": part, "scope": scope, "leg": leg, "value_eur": value, "note": ""}
                for part in ("delivered", "options")
                for scope in ("NORTH", "book")
                for leg, value in legs.items()
            ],
        )
        terms = {"kind": "forward", "zone": "NORTH", "block": "base", "first_day": self.day, "last_day": self.day, "held_by": "", "note": ""}
        self._add("forward_book_proposals", [{**day, **terms, "contract": "week", "held_units": 5.0, "trade_units": -2.0}])
        worst = {"worst_used": 300.0, "worst_bound": 250.0, "worst_use_share": 1.2, "unit": "EUR", "days": 2}
        when = {"first_day": self.day - timedelta(days=3), "last_day": self.day - timedelta(days=2), "worst_day": self.day - timedelta(days=2)}
        self._add("limit_breaches", [{**day, "limit_name": "es_eur", "scope": "book", **worst, **when, "is_cleared": True}])

    def _add(self, name, rows):
        self.tables[name] = enforce(table(name), legal_rows(table(name), rows), self.day)

    def minutes(self, zone):
        return self.desk.zones[zone].resolution_minutes(self.day)

    def starts(self, minutes):
        return pl.from_epoch(pl.Series(self.delivery.interval_starts_us(minutes)), "us").dt.replace_time_zone("UTC").to_list()

    def price(self, zone):
        hour = self.delivery.slots(self.minutes(zone)) * self.minutes(zone) / 60
        level = {"NORTH": 60.0, "SOUTH": 74.0, "WEST": 69.0}[zone]
        return level - 55 * np.exp(-(((hour - 13) / 2.6) ** 2)) + 38 * np.exp(-(((hour - 19) / 1.8) ** 2)) + 12 * np.exp(-(((hour - 8) / 1.5) ** 2))

    def _raw(self):
        known, day = self.decision + timedelta(hours=2), self.day
        self.actual = {z: self.price(z) + self.random.normal(0, 9, self.price(z).size) for z in ZONES}
        common = {"delivery_day": day, "source": "made up"}
        self._add(
            "day_ahead_prices",
            [
                {**common, "zone": z, "delivery_start": s, "resolution_minutes": self.minutes(z), "price_eur_mwh": p, "known_at": known}
                for z in ZONES
                for s, p in zip(self.starts(self.minutes(z)), self.actual[z].tolist(), strict=True)
            ],
        )
        self.second = {z: self.actual[z] + self.random.normal(2, 14, self.actual[z].size) for z in ZONES if ZONES[z] != "none"}
        self._add(
            "second_prices",
            [
                {
                    **common,
                    "zone": z,
                    "price_kind": ZONES[z],
                    "delivery_start": s,
                    "resolution_minutes": self.minutes(z),
                    "price_eur_mwh": p,
                    "known_at": s + timedelta(hours=3),
                }
                for z in self.second
                for s, p in zip(self.starts(self.minutes(z)), self.second[z].tolist(), strict=True)
            ],
        )
        self._add(
            "plant_meters",
            [
                {
                    **common,
                    "plant": plant,
                    "delivery_start": s,
                    "resolution_minutes": 60,
                    "output_mw": 0.9 * g,
                    "known_at": self.delivery.end + timedelta(hours=9),
                }
                for plant in PLANTS
                for s, g in zip(self.starts(60), self._output(plant, 60).tolist(), strict=True)
            ],
        )
        counts = {"expected_count": 24, "found_count": 24, "missing_count": 0, "null_count": 0, "outage_zero_count": 0}
        self._add(
            "data_quality",
            [
                {
                    "delivery_day": day,
                    "raw_table": "day_ahead_prices",
                    "series": f"zone={z}",
                    "check": "coverage",
                    "status": "ok",
                    **counts,
                    "detail": "",
                }
                for z in ZONES
            ]
            + [
                {
                    "delivery_day": day,
                    "raw_table": "load_actual",
                    "series": "zone=SOUTH",
                    "check": "coverage",
                    "status": "gap",
                    **(counts | {"found_count": 23, "null_count": 1}),
                    "detail": "first gap 14:00 UTC <b>",
                },
                {
                    "delivery_day": day,
                    "raw_table": "weather_observed",
                    "series": "location=hills",
                    "check": "declared_absent",
                    "status": "absent",
                    **(counts | {"found_count": 0, "missing_count": 24}),
                    "detail": "weather forecast stands in",
                },
            ],
        )
        self._add(
            "information_set",
            [
                {
                    "delivery_day": day,
                    "raw_table": t,
                    "series": f"zone={z}",
                    "month": date(day.year, day.month, 1),
                    "rows": 700,
                    "content_hash": "ab" * 16,
                    "last_known_at": self.decision - timedelta(minutes=25),
                    "decision_time": self.decision,
                    "status": "waited" if (t, z) == ("load_forecast", "WEST") else "on_time",
                }
                for t in ("day_ahead_prices", "load_forecast")
                for z in ZONES
            ],
        )

    def _output(self, plant, minutes):
        hour = self.delivery.slots(minutes) * minutes / 60
        if PLANTS[plant][1] == "solar":
            return 52.0 * np.clip(np.sin((hour - 6) / 13 * np.pi), 0, None) * ((hour >= 6) & (hour <= 19))
        return 62 + 25 * np.sin(hour / 24 * 2 * np.pi + 1)

    def _forecasts(self):
        rows = []
        for zone, second in ZONES.items():
            minutes, base = self.minutes(zone), self.price(zone)
            for kind in ("day_ahead", "second") if second != "none" else ("day_ahead",):
                for model, shift in (("naive", 7.0), ("ensemble", 0.0)):
                    for i, start in enumerate(self.starts(minutes)):
                        width = 14.0 if kind == "day_ahead" else 24.0
                        bands = {quantile_column(q): float(base[i] + shift + width * (q - 0.5) * 2) for q in QUANTILES}
                        rows.append(self._forecast_row(zone, kind, model, start, minutes, float(base[i] + shift), self.day, bands))
            for ahead in range(1, 4):
                later = self.delivery.shift(ahead)
                starts = pl.from_epoch(pl.Series(later.interval_starts_us(60)), "us").dt.replace_time_zone("UTC").to_list()
                none = dict.fromkeys((quantile_column(q) for q in QUANTILES), None)
                rows += [self._forecast_row(zone, "day_ahead", "naive", s, 60, 60.0 + ahead, later.day, none) for s in starts]
        self._add("price_forecasts", rows)
        drivers = [(z, d) for z in ZONES for d in ("load", "wind", "solar")]
        self._add(
            "driver_forecasts",
            [
                {
                    "delivery_day": self.day,
                    "zone": z,
                    "driver": d,
                    "delivery_start": s,
                    "resolution_minutes": self.minutes(z),
                    "value_mw": 1000.0,
                    "method": "persistence" if (z, d) == ("SOUTH", "wind") else "tso",
                    "is_fallback": (z, d) == ("SOUTH", "wind"),
                }
                for z, d in drivers
                for s in self.starts(self.minutes(z))
            ],
        )
        rows = []
        for plant, (zone, technology, capacity) in PLANTS.items():
            minutes = self.minutes(zone)
            for start, g in zip(self.starts(minutes), self._output(plant, minutes).tolist(), strict=True):
                quantiles = {"q10_mw": 0.7 * g, "q90_mw": min(1.25 * g, capacity)}
                rows.append(
                    {
                        "delivery_day": self.day,
                        "plant": plant,
                        "zone": zone,
                        "technology": technology,
                        "delivery_start": start,
                        "resolution_minutes": minutes,
                        "output_mw": g,
                        "available_mw": g,
                        **quantiles,
                        "capacity_mw": capacity,
                        "unavailable_mw": None,
                        "method": "physical",
                        "is_fallback": False,
                        "note": "",
                    }
                )
        self._add("plant_output", rows)
        self._add(
            "scenario_summary",
            [
                {
                    "delivery_day": self.day,
                    "kind": kind,
                    "name": name,
                    "delivery_start": s,
                    "resolution_minutes": 60,
                    "unit": unit,
                    "mean": 50.0,
                    "standard_deviation": 5.0,
                    "q05": 42.0,
                    "q50": 50.0,
                    "q95": 58.0,
                    "scenarios": 1000,
                }
                for kind, name, unit in (("day_ahead_price", "NORTH", "EUR/MWh"), ("plant_output", "coast_wind", "MW"))
                for s in self.starts(60)
            ],
        )
        ranks = {"rank_mean": 0.4, "rank_spread": 0.6, "rank_multivariate": 0.5, "tail_dependence": 0.5, "tail_dependence_history": 0.6}
        scores = {"energy_score": 20.0, "energy_score_independent": 22.0, "variogram_score": 1.0, "variogram_score_independent": 1.5}
        series = {"delivery_day": self.day, "kind": "day_ahead_price", "name": "NORTH", "unit": "EUR/MWh", "values": 24, "scenarios": 1000}
        self._add("scenario_scores", [series | ranks | scores])
        money = {"objective_eur": 900.0, "expected_pnl_eur": 1000.0, "cvar_eur": 200.0, "bound_eur": 901.0}
        fresh = {
            "objective_fresh_eur": 890.0,
            "expected_pnl_fresh_eur": 990.0,
            "cvar_fresh_eur": 200.0,
            "advantage_eur": 5.0,
            "advantage_error_eur": 2.0,
        }
        about = {
            "delivery_day": self.day,
            "risk_aversion": 0.5,
            "confidence": 0.95,
            "scenarios": 1000,
            "rounds": 2,
            "policies": 1,
            "shadow_prices": "",
        }
        answers = {"joint": True, "sequential": False}
        self._add("joint_book", [about | money | fresh | {"answer": n, "accepted": a, "trades": "NORTH base=5"} for n, a in answers.items()])

    def _forecast_row(self, zone, kind, model, start, minutes, price, target, quantiles):
        return {
            "delivery_day": self.day,
            "target_day": target,
            "horizon_days": (target - self.day).days + 1,
            "zone": zone,
            "price_kind": kind,
            "model": model,
            "delivery_start": start,
            "resolution_minutes": minutes,
            "price_eur_mwh": price,
            **quantiles,
            "fallback": "",
            "artefact": "",
        }

    def _book(self):
        minutes = self.minutes("NORTH")
        price = self.price("NORTH")
        store, rows = 0.0, []
        for i, start in enumerate(self.starts(minutes)):
            hour = start.astimezone(ZoneInfo(self.desk.time_zone)).hour
            charge = min(20.0, (40.0 - store) / 0.93 / (minutes / 60)) if 11 <= hour < 15 else 0.0
            discharge = min(20.0, store * 0.93 / (minutes / 60)) if 18 <= hour < 21 else 0.0
            store = max(0.0, store + (0.93 * charge - discharge / 0.93) * minutes / 60)
            rows.append(
                {
                    "delivery_day": self.day,
                    "asset": "north_battery",
                    "zone": "NORTH",
                    "delivery_start": start,
                    "resolution_minutes": minutes,
                    "charge_mw": charge,
                    "discharge_mw": discharge,
                    "net_mw": discharge - charge,
                    "state_of_charge_mwh": store,
                    "price_forecast_eur_mwh": float(price[i]),
                    "energy_value_eur_mwh": 41.0,
                }
            )
        self._add("dispatch", rows)
        state = {
            "delivery_day": self.day,
            "asset": "north_battery",
            "state_day": self.day,
            "zone": "NORTH",
            "asset_kind": "battery",
            "capacity_mwh": 40.0,
        }
        opened = {**state, "kind": "opening", "basis": "desk file: the first day", "content_start_mwh": 4.0, "predecessor": "", "cycles_year": 8.0}
        end = {"kind": "decided", "content_end_mwh": 12.0, "cycles_day": 0.9, "cycles_year": 8.9}
        self._add("asset_states", [opened, {**opened, **end}])
        curve = {"delivery_day": self.day, "asset": "north_battery", "zone": "NORTH", "days": 7}
        self._add("end_values", [{**curve, "content_mwh": c, "value_eur": v} for c, v in ((0.0, 0.0), (20.0, 900.0), (40.0, 1300.0))])
        right = {"delivery_day": self.day, "asset": "north_swing", "zone": "NORTH", "kind": "swing", "quantity_mwh": 240.0, "considered_mwh": 240.0}
        money = {"payoff_eur": 19_000.0, "cost_eur": 18_000.0, "keeping_eur": 400.0, "kept_eur": 2_500.0, "is_exercised": True, "is_forced": False}
        sent = {"delivery_day": self.day, "asset": "north_battery", "zone": "NORTH", "asked": "curve", "form": "curve", "expected_eur": 1_310.0}
        self._add("orders_sent", [{**sent, "plan_eur": 1_250.0, "curve_eur": 1_310.0, "blocks_eur": None, "why": "the desk asks for it"}])
        self._add("right_decisions", [{**right, **money, "why": "taken: payoff 19000 less 18000 for 240 MWh is at least 400 of keeping"}])
        self._add(
            "asset_values",
            [
                {
                    "delivery_day": self.day,
                    "asset": "north_battery",
                    "zone": "NORTH",
                    "kind": "battery",
                    "information": "auction",
                    "horizon_days": 1,
                    "value_eur": 2_150.0,
                    "standard_error_eur": 35.0,
                    "intrinsic_eur": 2_150.0,
                    "foresight_eur": 2_600.0,
                    "earnings_at_risk_eur": 900.0,
                    "npv_eur": 2_149.0,
                    "shipped": "intrinsic",
                    "delta_base_mwh": -5.6,
                    "delta_peak_mwh": 12.0,
                    "gamma_mwh2_eur": 0.0,
                    "vega_eur_pct": 0.0,
                }
            ],
        )
        rows = []
        for zone in ZONES:
            for start in self.starts(self.minutes(zone)):
                for instrument, mw in (("day_ahead", -60.0), ("base", -15.0)):
                    rows.append(
                        {
                            "delivery_day": self.day,
                            "zone": zone,
                            "instrument": instrument,
                            "delivery_start": start,
                            "resolution_minutes": self.minutes(zone),
                            "position_mw": mw,
                            "opening_mw": 0.0 if instrument == "day_ahead" else -15.0,
                            "traded_mw": mw if instrument == "day_ahead" else 0.0,
                            "expected_output_mw": 58.0 if instrument == "day_ahead" else None,
                            "lower_mw": -200.0,
                            "upper_mw": 200.0,
                            "reference_price_eur_mwh": 66.5,
                            "half_spread_eur_mwh": 0.0 if instrument == "day_ahead" else 0.25,
                            "is_proxy": zone == "WEST" and instrument == "base",
                        }
                    )
        self._add("positions", rows)
        self._add(
            "portfolio_solution",
            [
                {
                    "delivery_day": self.day,
                    "objective_name": "mean_cvar",
                    "objective_eur": 81_000.0,
                    "expected_pnl_eur": 92_400.0,
                    "cvar_eur": 22_800.0,
                    "var_eur": 15_100.0,
                    "risk_aversion": 0.5,
                    "confidence": 0.95,
                    "bound_eur": 81_000.4,
                    "scenarios": 1000,
                    "status": "optimal",
                    "solver": "highs",
                    "binding_limits": "day_ahead_deviation NORTH",
                    "shadow_prices": "day_ahead_deviation_mw@NORTH=11.5",
                }
            ],
        )
        rows = []
        for strategy, zone, label in (("north_da_vs_intraday", "NORTH", "tradable"), ("north_reversal_study", "NORTH", "index_only")):
            tradable = label == "tradable"
            for start in self.starts(self.minutes(zone)):
                rows.append(
                    {
                        "delivery_day": self.day,
                        "strategy": strategy,
                        "zone": zone,
                        "delivery_start": start,
                        "resolution_minutes": self.minutes(zone),
                        "label": label,
                        "entry_price": "day_ahead",
                        "exit_price": "intraday" if tradable else "",
                        "entry_known": "after the gate",
                        "exit_known": "after delivery" if tradable else "",
                        "signal": 0.4,
                        "target_mw": 6.0 if tradable else 0.0,
                        "expected_edge_eur_mwh": 1.7,
                    }
                )
        self._add("signals", rows)
        hedged = {"delivery_day": self.day, "zone": "NORTH", "block": "base", "tenor": "day", "target_mw": -40.0, "held_mw": -15.0, "ratio": 0.7}
        viewed = {"programme_mw": -25.0, "trust": 0.4, "skill_t": 1.7, "skill_days": 40, "view_limit_mw": 10.0, "edge_eur_mwh": 2.1}
        judged = {"effectiveness": 0.6, "tail_effectiveness": 0.4, "tracking_error_eur": 0.0, "judged_paths": 500, "view_es_limit_eur": 30_000.0}
        whole = {"zone": "book", "block": "", "target_mw": None, "ratio": None, "trust": 0.0, "edge_eur_mwh": None}
        none = dict.fromkeys(judged)
        self._add("hedge_programme", [{**hedged, **viewed, **none}, {**hedged, **viewed, **whole, **judged}])
        result = {"programme_mw": -25.0, "view_mw": 5.0, "programme_eur": -310.0, "view_eur": 60.0, "quote_eur_mwh": 70.0, "settled_eur_mwh": 70.5}
        self._add("view_results", [{"delivery_day": self.day, "zone": "NORTH", "block": "base", "is_proxy": False, **result}])
        record = {"days": 90, "gross_eur": 5_000.0, "cost_eur": 800.0, "net_eur": 4_200.0, "trials": 3, "drawdown_eur": 300.0, "way_back": ""}
        stands = {"since": self.day - timedelta(days=9), "allocation_share": 1.0, "size": 0.5, "t": 1.4, "probability": 0.9, "stop_eur": 900.0}
        paper = {"size": 0.0, "allocation_share": None, "days": 0, "net_eur": 0.0}
        own = {"delivery_day": self.day, "zone": "NORTH", "record_of": "the rule", **record}
        states = [
            {**own, "strategy": "north_da_vs_intraday", "label": "tradable", "state": "reduced", "why": "probability 0.9", **stands},
            {**own, "strategy": "north_reversal_study", "label": "index_only", "state": "paper", "why": "an index study", **paper},
        ]
        self._add("strategy_states", states)
        trial = {"delivery_day": self.day, "strategy": "north_da_vs_intraday", "rule": "day_ahead_vs_second", "zone": "NORTH", "data": "d1"}
        self._add("strategy_trials", [{**trial, "identity": name, "alike": 1, "days": 90} for name in ("a1", "b2")])

    def _risk(self):
        day = {"delivery_day": self.day}
        measures = [
            ("expected_pnl", 0.0, 92_400.0),
            ("volatility", 0.0, 30_000.0),
            ("var", 0.95, 15_100.0),
            ("var", 0.99, 41_000.0),
            ("es", 0.975, 215_000.0),
        ]
        self._add(
            "risk_measures",
            [
                {
                    **day,
                    "scope": scope,
                    "measure": m,
                    "method": "historical_errors",
                    "level": lv,
                    "value_eur": v * share,
                    "standard_error_eur": abs(v) * 0.03,
                    "scenarios": 1000,
                }
                for m, lv, v in measures
                for scope, share in (("book", 1.0), ("NORTH", 0.62), ("SOUTH", 0.38), ("WEST", 0.12))
            ],
        )
        parts = {"zone": (("NORTH", 0.58), ("SOUTH", 0.45), ("WEST", -0.03)), "leg": (("physical", 0.9), ("deviation", 0.22), ("hedge", -0.12))}
        self._add(
            "risk_contributions",
            [
                {
                    **day,
                    "measure": m,
                    "level": lv,
                    "component_kind": kind,
                    "component": name,
                    "contribution_eur": v * share,
                    "share_of_total": share,
                    "incremental_eur": 0.9 * v * share,
                }
                for m, lv, v in (("es", 0.975, 215_000.0),)
                for kind, split in parts.items()
                for name, share in split
            ],
        )
        self._add(
            "stress_results",
            [
                {
                    **day,
                    "stress": s.name,
                    "description": s.description,
                    "pnl_eur": p,
                    "change_eur": p - 92_400.0,
                    "options_eur": 5e3,
                    "repriced_change_eur": p - 87_400.0,
                }
                for s, p in zip(self.desk.stress, (-61_000.0, 12_000.0, 240_000.0, 130_000.0), strict=True)
            ],
        )
        self._add(
            "limits",
            [
                {
                    **day,
                    "limit_name": name,
                    "scope": scope,
                    "unit": unit,
                    "used": used,
                    "bound": bound,
                    "use_share": used / bound,
                    "status": status,
                    "shadow_price_eur": shadow,
                }
                for name, scope, unit, used, bound, status, shadow in (
                    ("es_eur", "book", "EUR", 215_000.0, 250_000.0, "amber", 0.0),
                    ("day_ahead_deviation_mw", "NORTH", "MW", 30.0, 30.0, "amber", 11.5),
                    ("gross_contracts_mw", "book", "MW", 45.0, 120.0, "green", 0.0),
                    ("worst_stress_eur", "book", "EUR", 61_000.0, 600_000.0, "green", None),
                )
            ],
        )

    def _settle(self):
        rows, auction = [], []
        for zone, kind in ZONES.items():
            h = self.minutes(zone) / 60
            for i, start in enumerate(self.starts(self.minutes(zone))):
                p = float(self.actual[zone][i])
                r = float(self.second[zone][i]) if kind != "none" else p
                sold, expected, g = 60.0, 58.0, 55.0
                legs = {
                    "physical_eur": h * p * g,
                    "deviation_eur": h * (r - p) * (g - expected),
                    "speculative_eur": h * (p - r) * (sold - expected),
                    "imbalance_fee_eur": -h * abs(g - sold),
                    "hedge_eur": h * -15.0 * (p - 66.5) if zone != "WEST" else 0.0,
                    "hedge_proxy_eur": h * -15.0 * (p - 66.5) if zone == "WEST" else 0.0,
                    "costs_eur": -h,
                }
                rows.append(
                    {
                        "delivery_day": self.day,
                        "zone": zone,
                        "delivery_start": start,
                        "resolution_minutes": self.minutes(zone),
                        "price_da_eur_mwh": p,
                        "price_second_eur_mwh": r,
                        "second_price_kind": kind,
                        "sold_mw": sold,
                        "expected_output_mw": expected,
                        "output_mw": g,
                        **legs,
                        "total_eur": sum(legs.values()),
                        "headline_eur": sum(legs.values()) - legs["hedge_proxy_eur"],
                        "settled_as_of": self.delivery.end + timedelta(hours=12),
                        "is_estimated": False,
                    }
                )
                auction.append(
                    {
                        "delivery_day": self.day,
                        "zone": zone,
                        "instrument": "day_ahead",
                        "delivery_start": start,
                        "resolution_minutes": self.minutes(zone),
                        "position_mw": -60.0,
                        "price_eur_mwh": p,
                        "entry_price_eur_mwh": None,
                        "revenue_eur": 60.0 * p * h,
                        "cost_eur": 0.0,
                        "is_proxy": False,
                    }
                )
        self._add("pnl", rows)
        self._add("pnl_day_ahead", auction)
        self._add("plant_results", [row for plant in PLANTS for row in self._plant_results(plant)])
        battery = {"asset": "north_battery", "zone": "NORTH", "kind": "battery", "energy_mwh": -4.0, "cash_eur": 1_720.0, "total_eur": 1_800.0}
        self._add("asset_legs", [{"delivery_day": self.day, **battery, "energy_eur": 1_720.0, "inventory_eur": 80.0}])
        day = {"delivery_day": self.day}
        self._add(
            "forecast_scores",
            [
                {
                    **day,
                    "zone": z,
                    "price_kind": "day_ahead",
                    "model": m,
                    "intervals": self.delivery.count(self.minutes(z)),
                    "mae_eur_mwh": mae,
                    "rmse_eur_mwh": 1.3 * mae,
                    "bias_eur_mwh": -0.4,
                    "mae_naive_eur_mwh": 11.0,
                    "mae_naive_standard_eur_mwh": 9.5,
                    "smape": 0.2,
                    "pinball_eur_mwh": 0.4 * mae,
                    "crps_eur_mwh": 0.8 * mae,
                    "coverage_50": 0.48,
                    "coverage_80": 0.79,
                    "coverage_90": 0.88,
                    **{f"winkler_{share}_eur_mwh": 3.0 * mae for share in (50, 80, 90)},
                }
                for z in ZONES
                for m, mae in (("naive", 11.0), ("ensemble", 7.2))
            ],
        )
        self._add(
            "dispatch_settled",
            [
                {
                    **day,
                    "asset": "north_battery",
                    "zone": "NORTH",
                    "information": "auction",
                    "margin_expected_eur": 2_150.0,
                    "margin_realised_eur": 1_720.0,
                    "margin_intrinsic_eur": 1_720.0,
                    "margin_rolling_intrinsic_eur": 1_720.0,
                    "margin_blocks_eur": 1_950.0,
                    "margin_foresight_eur": 2_460.0,
                    "discharged_mwh": 37.2,
                    "share_of_foresight": 1_720.0 / 2_460.0,
                }
            ],
        )
        pnl = float(self.tables["pnl"]["total_eur"].sum())
        self._add(
            "var_exceptions",
            [
                {
                    **day,
                    "level": lv,
                    "var_eur": v,
                    "es_eur": 215_000.0,
                    "expected_pnl_eur": 4_000.0,
                    "pnl_eur": pnl,
                    "is_exception": 4_000.0 - pnl > v,
                }
                for lv, v in ((0.95, 15_100.0), (0.99, 41_000.0))
            ],
        )
        self._add(
            "backtest_metrics",
            [
                {
                    **day,
                    "strategy": "north_da_vs_intraday",
                    "label": "tradable",
                    "days": 40,
                    "gross_eur": 9_000.0,
                    "cost_eur": 800.0,
                    "pnl_eur": 8_200.0,
                    "pnl_day_eur": -310.0,
                    "index_points_eur_mwh": None,
                    "sharpe": 1.4,
                    "sharpe_low": -2.1,
                    "sharpe_high": 4.8,
                    "deflated_probability": 0.7,
                    "trials": 1,
                    "verdict": "plausible",
                    "traded_mwh": 800.0,
                    "orders": 310,
                    "cost_share": 0.05,
                    "hit_rate": 0.55,
                    "max_drawdown_eur": 2_900.0,
                    "allocation_share": 1.0,
                    "left_out": "",
                },
                {
                    **day,
                    "strategy": "north_reversal_study",
                    "label": "index_only",
                    "days": 40,
                    "index_points_eur_mwh": 61.0,
                    "verdict": "index_only",
                    "hit_rate": 0.6,
                    "left_out": "index_only: earns nothing",
                },
            ],
        )
        self._add(
            "backtest_days",
            [
                {
                    **day,
                    "strategy": "north_da_vs_intraday",
                    "result_day": self.day - timedelta(days=2 - i),
                    "label": "tradable",
                    "gross_eur": gross,
                    "cost_eur": 20.0,
                    "net_eur": gross - 20.0,
                    "traded_mwh": 20.0,
                    "equity_gross_eur": above,
                    "equity_net_eur": above - 20.0 * (i + 1),
                    "drawdown_eur": fall,
                }
                for i, (gross, above, fall) in enumerate(((300.0, 300.0, 0.0), (-290.0, 10.0, 310.0), (50.0, 60.0, 280.0)))
            ],
        )
        self._add(
            "runs",
            [
                {
                    **day,
                    "run_flow": "decide",
                    "run_id": "r1",
                    "recorded_at": self.decision,
                    "decision_time": self.decision,
                    "desk": "demo",
                    "desk_hash": "cd" * 16,
                    "code_version": "0.1.0",
                }
            ],
        )

    def _plant_results(self, plant):
        zone = PLANTS[plant][0]
        h = self.minutes(zone) / 60
        second = self.second.get(zone, self.actual[zone])
        outputs = self._output(plant, self.minutes(zone)).tolist()
        for start, expected, p, r in zip(self.starts(self.minutes(zone)), outputs, self.actual[zone].tolist(), second.tolist(), strict=True):
            g = 0.9 * expected
            legs = {"physical_eur": h * p * g, "deviation_eur": h * (r - p) * (g - expected)}
            row = {"delivery_day": self.day, "plant": plant, "zone": zone, "delivery_start": start, "resolution_minutes": self.minutes(zone)}
            power = {"expected_mw": expected, "output_mw": g, "output_mwh": h * g, "is_estimated": False}
            yield row | power | {"price_da_eur_mwh": p, "price_second_eur_mwh": r} | legs | {"pnl_eur": sum(legs.values())}

    def _fleet(self):
        fleet = {"output_mwh": 1_500.0, "held_back_mwh": 1.0, "capacity_mw": 100.0, "capacity_factor": 0.6, "complementarity": None}
        self._add("fleet_summary", [{"delivery_day": self.day, "level": "portfolio", "name": "demo", "technology": "all", **fleet}])

    def _rivals(self):
        day, names = {"delivery_day": self.day}, ("desk", "flat", "min_cvar")
        line = {"zone": "NORTH", "delivery_start": self.starts(15)[0], "resolution_minutes": 15, "forecast_eur_mwh": 61.5}
        why = {"binding_limit": "size of the signal", "next_best_action": "sell the expected output", "next_best_costs_eur": 3.25}
        plant = {**day, **line, "kind": "price_independent", "asset": "", "side": "sell", "volume_mw": 42.3, "limit_price_eur_mwh": None, **why}
        block = {"kind": "loop_block", "asset": "north_battery", "side": "buy", "volume_mw": 20.0, "limit_price_eur_mwh": 31.25}
        self._add("nomination_lines", [plant, {**plant, **block, "next_best_costs_eur": None, "next_best_action": ""}])
        risk = {"volatility_eur": 9_000.0, "var_eur": 11_000.0, "cvar_eur": 15_000.0, "worst_eur": 41_000.0, "es_eur": 16_000.0}
        rest = {"within_es_limit": True, "traded_mw": 55.0, "relative_gap": 0.0, "solver": "rule"}
        self._add(
            "objective_comparison", [{**day, "objective_name": n, "expected_pnl_eur": 4_000.0 - k, **risk, **rest} for k, n in enumerate(names)]
        )
        found = [{"pnl_eur": 3_000.0 - k, "hindsight_pnl_eur": 3_900.0, "regret_eur": 900.0 + k, "against_desk_eur": -1.0 * k} for k in range(3)]
        self._add("objective_results", [{**day, "objective_name": n, **f} for n, f in zip(names, found, strict=True)])
        score = {"days": 40, "pnl_eur": 90_000.0, "mean_pnl_eur": 2_250.0, "volatility_eur": 800.0, "cvar_eur": 1_200.0, "mean_regret_eur": 700.0}
        score |= {
            "mean_regret_low_eur": 600.0,
            "mean_regret_high_eur": 800.0,
            "desk_ahead_eur": 0.0,
            "desk_ahead_low_eur": 0.0,
            "desk_ahead_high_eur": 0.0,
        }
        self._add("objective_scores", [{**day, "objective_name": n, **score} for n in names])
        volatility = {"volatility_unhedged_eur": 20_000.0, "volatility_hedged_eur": 15_000.0, "variance_effectiveness": 0.4375}
        tail = {"cvar_unhedged_eur": 32_000.0, "cvar_hedged_eur": 24_000.0, "cvar_effectiveness": 0.25, "premium_eur": 120.0}
        self._add("hedge_effectiveness", [{**day, "scope": s, **volatility, **tail} for s in ("NORTH", "book")])

    @property
    def versions(self):
        return {name: f"{i:02x}" * 32 for i, name in enumerate(sorted(self.tables))}


SETTLED = (
    "pnl",
    "pnl_day_ahead",
    "forecast_scores",
    "dispatch_settled",
    "var_exceptions",
    "backtest_metrics",
    "backtest_days",
    "day_ahead_prices",
    "second_prices",
)


@pytest.fixture(scope="session")
def made_up_day():
    """Factory of made-up days, each built once."""
    built = {}

    def make(day=date(2025, 10, 2)):
        if day not in built:
            built[day] = MadeUpDay(day)
        return built[day]

    return make
