"""The table `scenario_scores`: the day's scenario set against what came.

What belongs here: which values are scored together, and the rows. What does not: the measures
(`quality`).

What came is read from the settled P&L, which knows both prices and the plants' output by zone
and interval; intervals whose output was estimated are no outcome, so that zone's plants are not
scored. The reference is the same set with the values of every interval shuffled: right
marginals, no dependence. A set whose variogram score is not below its reference's has dependence
that is worth nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import polars as pl

from energy_pipeline.book.scenario_matrix import ScenarioMatrix, scenario_matrices
from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.seeds import generator
from energy_pipeline.information.resolution import convert
from energy_pipeline.mathematics.paths.quality import average_rank, energy_score, rank_share, tail_dependence, variogram_score

Sets = Mapping[tuple[str, str], FloatArray]
SCORED = ("day_ahead_price", "second_price", "plant_output")


def scenario_scores(desk: Desk, day: date, paths: pl.DataFrame, sets: pl.DataFrame, pnl: pl.DataFrame, dispatch: pl.DataFrame) -> pl.DataFrame:
    """Scores of D's set, table `scenario_scores`.

    Parameters
    ----------
    paths, sets : DataFrame
        `scenario_paths` and `scenario_sets` of D.
    pnl, dispatch : DataFrame
        The settled day, and the schedules in its output.
    """
    contract = table("scenario_scores")
    outcomes = _outcomes(day, pnl, dispatch)
    delivery = desk.delivery_day(day)
    simulated = _by_zone(desk, scenario_matrices(_scored(paths), delivery), outcomes)
    past = _by_zone(desk, scenario_matrices(_scored(sets.filter(pl.col("set") == "historical")), delivery, "scenario_sets"), outcomes)
    rows = [_row(day, key, simulated[key], outcomes[key], _tails(key, simulated, past)) for key in sorted(set(outcomes) & set(simulated))]
    zones = sorted(key for key in simulated if key[0] == "day_ahead_price" and key in outcomes)
    if len(zones) > 1:
        spread = {key: max(float(simulated[key].std(axis=0).mean()), 1e-9) for key in zones}
        everything = np.concatenate([simulated[key] / spread[key] for key in zones], axis=1)
        came = np.concatenate([outcomes[key] / spread[key] for key in zones])
        rows.append(_row(day, ("joint", "all"), everything, came, (None, None)))
    return contract.frame(rows or None).sort(contract.key, maintain_order=True)


def _outcomes(day: date, pnl: pl.DataFrame, dispatch: pl.DataFrame) -> dict[tuple[str, str], FloatArray]:
    found: dict[tuple[str, str], FloatArray] = {}
    for part in pnl.filter(pl.col("delivery_day") == day).sort("zone", "delivery_start").partition_by("zone", maintain_order=True):
        zone = part["zone"][0]
        found["day_ahead_price", zone] = part["price_da_eur_mwh"].to_numpy()
        if part["second_price_kind"][0] != "none":
            found["second_price", zone] = part["price_second_eur_mwh"].to_numpy()
        if not part["is_estimated"].any():
            own = dispatch.filter(pl.col("zone") == zone).sort("delivery_start", "asset")  # floats are summed in one order
            scheduled = own.group_by("delivery_start", maintain_order=True).agg(pl.col("net_mw").sum())
            output = part.join(scheduled, on="delivery_start", how="left", maintain_order="left")
            found["plant_output", zone] = (output["output_mw"] - output["net_mw"].fill_null(0.0)).to_numpy()
    return found


def _scored(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("kind").is_in(SCORED)).sort("kind", "name", maintain_order=True)


def _by_zone(desk: Desk, series: Mapping[tuple[str, str], ScenarioMatrix], outcomes: Sets) -> dict[tuple[str, str], FloatArray]:
    """Scenarios as (paths, intervals), plants summed by zone; series with other intervals than the outcome are left out."""
    found: dict[tuple[str, str], FloatArray] = {}
    for (kind, name), one in series.items():
        zone = desk.plants[name].zone if kind == "plant_output" else name
        outcome = outcomes.get((kind, zone))
        if outcome is None or outcome.size == 0:
            continue
        wanted = one.minutes * one.values.shape[1] // outcome.size
        values = convert(one.values, one.minutes, wanted)
        found[kind, zone] = found[kind, zone] + values if (kind, zone) in found else values
    return found


def _tails(key: tuple[str, str], simulated: Sets, past: Sets) -> tuple[float | None, float | None]:
    """Mean tail dependence of a series' day means with those of the same kind elsewhere, simulated and of past days."""
    others = [k for k in simulated if k[0] == key[0] and k != key and k in past]
    if not others or key not in past:
        return None, None
    means = [float(np.mean([tail_dependence(s[key].mean(axis=1), s[k].mean(axis=1)) for k in others])) for s in (simulated, past)]
    return means[0], means[1]


def _row(day: date, key: tuple[str, str], scenarios: FloatArray, outcome: FloatArray, tails: tuple[float | None, float | None]) -> dict[str, object]:
    shuffled = generator("scenarios", day, "shuffled", *key).permuted(scenarios, axis=0)
    return {
        "delivery_day": day,
        "kind": key[0],
        "name": key[1],
        "unit": {"plant_output": "MW", "joint": "1"}.get(key[0], "EUR/MWh"),
        "values": outcome.size,
        "scenarios": len(scenarios),
        "energy_score": energy_score(scenarios, outcome),
        "energy_score_independent": energy_score(shuffled, outcome),
        "variogram_score": variogram_score(scenarios, outcome),
        "variogram_score_independent": variogram_score(shuffled, outcome),
        "rank_mean": rank_share(scenarios.mean(axis=1), float(outcome.mean())),
        "rank_spread": rank_share(scenarios.std(axis=1), float(outcome.std())),
        "rank_multivariate": average_rank(scenarios, outcome),
        "tail_dependence": tails[0],
        "tail_dependence_history": tails[1],
    }
