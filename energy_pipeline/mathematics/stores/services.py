"""Grid services stacked with energy: a store's day plan with capacity sold, and what it must hold back for it.

What belongs here: the co-optimised plan, what calls do to the content, the value of the stack. What does
not: the store alone (`foresight`), which prices it is given, the desk file's models.

A service sells capacity in bands of equal length: r MW in a band, upwards (more generation), downwards,
or both alike. Contract: within a band the energy called in a direction is at most hold_hours x r, however
it is spread. Per band b the plan maximises

    sum over intervals of energy margin (as `store`)
    + sum_b r_b H_b capacity price  + expected calls x (premium - cost of bringing the energy back at the spot),

where a share `call_share` of capacity-hours is called, settled at the spot price plus (down: less) the
premium; a MWh called up is bought back for p / (a b), one called down sold again for p a b. Held back, so
that no sequence of calls within the contract is ever short of power or energy:

    power:   d - c + R_up <= discharge_mw,   c - d + R_down <= charge_mw   in every interval,
    energy:  s_t - E_up >= minimum,  s_t + E_down <= energy   before and after every interval,

R being the capacity of all services in the interval, and E the energy all calls so far can have taken or
brought. A service that is `restored` brings called energy back by the end of the band (regulation around a
mean of nothing, or trades of the next hour), so E counts the present band alone; otherwise E adds up over the day.
Either way a MWh called moves the content by at most 1 / b (it may fall on charging or discharging).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import InfeasibleError
from energy_pipeline.domain.units import hours_of
from energy_pipeline.mathematics.stores.milp import SolverError, end_pieces, needs_binary, with_pieces
from energy_pipeline.mathematics.stores.store import Store

GAP, OVERLAP_MW = 1e-9, 1e-7


@dataclass(frozen=True)
class Service:
    """A product the grid operator buys.

    Attributes
    ----------
    direction : "up", "down" or "both"
        Both: the same capacity each way (regulation).
    capacity_eur_mw_h : float
        Paid per MW and hour, called or not; for `both` once per MW.
    hold_hours : float
        Hours of full power a band's calls may add up to, in each direction.
    call_share : float
        Expected share of the capacity-hours that is called, in each direction; times the band's hours at most hold_hours.
    premium_eur_mwh : float
        On the spot price, of energy called.
    band_hours : float
    most_mw : float
        Prequalified capacity.
    restored : bool
        Called energy is brought back by the end of the band.
    """

    direction: Literal["up", "down", "both"]
    capacity_eur_mw_h: float
    hold_hours: float = 1.0
    call_share: float = 0.0
    premium_eur_mwh: float = 0.0
    band_hours: float = 4.0
    most_mw: float = np.inf
    restored: bool = True

    @property
    def ways(self) -> tuple[bool, bool]:
        """(sold upwards, sold downwards)."""
        return self.direction != "down", self.direction != "up"


@dataclass(frozen=True)
class StackedPlan:
    """A store's day with services.

    Attributes
    ----------
    charge_mw, discharge_mw, state_of_charge_mwh : arrays, shape (intervals,)
        If nothing is called.
    capacity_mw : dict of service to array, shape (intervals,)
        Constant within a band.
    held_power_up_mw, held_power_down_mw, held_energy_up_mwh, held_energy_down_mwh : arrays, shape (intervals,)
        Kept free for calls; energies are of content, at the end of the interval.
    energy_margin_eur : float
        Of the plan's own charging and discharging.
    service_margin_eur : dict of service to float
        Capacity payments and expected calls, net of bringing the energy back.
    """

    charge_mw: FloatArray
    discharge_mw: FloatArray
    state_of_charge_mwh: FloatArray
    capacity_mw: dict[str, FloatArray]
    held_power_up_mw: FloatArray
    held_power_down_mw: FloatArray
    held_energy_up_mwh: FloatArray
    held_energy_down_mwh: FloatArray
    energy_margin_eur: float
    service_margin_eur: dict[str, float]

    @property
    def value_eur(self) -> float:
        """All together."""
        return self.energy_margin_eur + sum(self.service_margin_eur.values())


def per_mw_eur(store: Store, service: Service, prices_eur_mwh: FloatArray, minutes: int) -> FloatArray:
    """What one MW of a service earns in each interval [EUR/MW]: capacity, and calls with the energy brought back.

    >>> per_mw_eur(Store(1.0, 1.0, 1.0), Service("up", 8.0, call_share=0.1, premium_eur_mwh=20.0), np.array([50.0]), 30).tolist()
    [5.0]
    """
    up, down = service.ways
    eta, k, j = store.round_trip, store.cycle_cost_eur_mwh, store.charge_cost_eur_mwh
    # Called up: sold at p + premium and bought back; called down: bought at p - premium and sold again, eta of it.
    called_up = service.premium_eur_mwh - k - (prices_eur_mwh + j) / eta + prices_eur_mwh
    called_down = service.premium_eur_mwh - j - prices_eur_mwh + eta * (prices_eur_mwh - k)
    return hours_of(minutes) * (service.capacity_eur_mw_h + service.call_share * (up * called_up + down * called_down))


def check(services: Mapping[str, Service], minutes: int) -> None:
    """Raise InfeasibleError naming every service whose terms contradict each other."""
    problems: list[tuple[str, str, str]] = []
    for name, s in services.items():
        if s.call_share * s.band_hours > s.hold_hours + 1e-12:
            text = f"{name}: expected calls of {s.call_share * s.band_hours:g} h a band exceed the {s.hold_hours:g} h held back"
            problems.append((text, f"{name}.call_share", f"{name}.call_share <= {s.hold_hours / s.band_hours:g}"))
        if s.band_hours * 60 % minutes:
            problems.append((f"{name}: a band of {s.band_hours:g} h is no whole number of {minutes} min", f"{name}.band_hours", "whole intervals"))
    if problems:
        texts, names, ways = zip(*problems, strict=True)
        raise InfeasibleError("services: " + "; ".join(texts), list(names), ", ".join(ways))


def stacked(store: Store, services: Mapping[str, Service], prices_eur_mwh: FloatArray, minutes: int) -> StackedPlan:
    """The day plan with the largest expected margin from energy and services, by HiGHS.

    Parameters
    ----------
    prices_eur_mwh : array, shape (intervals,)
        Expected spot prices; may be negative.
    minutes : int

    Raises
    ------
    InfeasibleError
        Of the store or a service, before solving.
    SolverError

    Examples
    --------
    Flat prices leave nothing but capacity; an hour of full power must be there: half of the content each way.

    >>> store = Store(5.0, 5.0, 4.0, initial_mwh=2.0, terminal="equal", terminal_mwh=2.0)
    >>> plan = stacked(store, {"fcr": Service("both", 10.0)}, np.full(8, 40.0), 60)
    >>> plan.capacity_mw["fcr"].round(6).tolist(), round(plan.value_eur, 6)
    ([2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0], 160.0)
    """
    prices = np.ascontiguousarray(prices_eur_mwh, dtype=np.float64)
    store.check(prices.size, minutes)
    check(services, minutes)
    if store.charge_ratchet or store.discharge_ratchet or store.terminal == "penalised":
        raise InfeasibleError("store: services go with neither ratchets nor a penalised end", ["charge_ratchet", "terminal"], "none of them")
    # Charging and discharging at once burns energy, which held-back power can make worth while at any price: where the
    # answer does so, every interval gets a binary.
    build = _Problem(store, dict(services), prices, minutes, needs_binary(store, prices))
    x = build.solve()
    if build.overlap_mw(x) > OVERLAP_MW:
        build = _Problem(store, dict(services), prices, minutes, np.ones(prices.size, dtype=np.bool_))
        x = build.solve()
    return build.plan(x)


class _Problem:
    """Columns c, d, s, r (one per service and band), u (binaries against charging and discharging at once)."""

    def __init__(self, store: Store, services: dict[str, Service], prices: FloatArray, minutes: int, binary: npt.NDArray[np.bool_]) -> None:
        self.store, self.services, self.prices, self.minutes = store, services, prices, minutes
        self.n, self.delta = prices.size, hours_of(minutes)
        self.where = np.flatnonzero(binary)
        self.binaries = self.where.size
        self.band: dict[str, np.ndarray[Any, np.dtype[np.int64]]] = {}
        self.offset: dict[str, int] = {}
        at = 3 * self.n
        for name, service in services.items():
            self.band[name] = np.arange(self.n) // round(service.band_hours * 60 / minutes)
            self.offset[name] = at
            at += int(self.band[name][-1]) + 1
        self.width = at + self.binaries

    def solve(self) -> FloatArray:
        from scipy.optimize import Bounds, LinearConstraint

        from energy_pipeline.mathematics.stores.mixed_integer import solved

        rows, most = self.inequalities()
        balance, start = self.balance()
        low, high = self.bounds()
        slopes, lengths = end_pieces(self.store)
        rows, balance = with_pieces(rows, balance, lengths.size, 3 * self.n - 1)
        start = np.concatenate([start, low[3 * self.n - 1 : 3 * self.n]] if lengths.size else [start])
        constraints = [LinearConstraint(balance, start, start), LinearConstraint(rows, -np.inf, most)]
        kinds = np.concatenate([np.zeros(self.width - self.binaries), np.ones(self.binaries), np.zeros(lengths.size)])
        limits = Bounds(np.concatenate([low, np.zeros(lengths.size)]), np.concatenate([high, lengths]))
        costs = -np.concatenate([self.gains(), slopes])
        found: Any = solved(costs, constraints, limits, kinds, GAP)
        if found.status == 2:
            text = "store: the terminal condition cannot be met within the cycle limits"
            raise InfeasibleError(text, ["cycles_per_day", "terminal_mwh"], "more cycles")
        if found.status != 0:
            raise SolverError(f"HiGHS: {found.message} -> check the services' terms and the prices")
        return np.asarray(found.x)[: self.width]

    def overlap_mw(self, x: FloatArray) -> float:
        return float(np.minimum(x[: self.n], x[self.n : 2 * self.n]).max(initial=0.0))

    def gains(self) -> FloatArray:
        found = np.zeros(self.width)
        store, n = self.store, self.n
        found[:n] = -self.delta * (self.prices + store.charge_cost_eur_mwh)
        found[n : 2 * n] = self.delta * (self.prices - store.cycle_cost_eur_mwh)
        found[3 * n - 1] = store.end_value_eur_mwh
        for name, service in self.services.items():
            np.add.at(found, self.offset[name] + self.band[name], per_mw_eur(store, service, self.prices, self.minutes))
        return found

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        store, n = self.store, self.n
        low, high = np.zeros(self.width), np.ones(self.width)
        high[:n], high[n : 2 * n] = store.charge_mw, store.discharge_mw
        low[2 * n : 3 * n], high[2 * n : 3 * n] = store.minimum_mwh, store.energy_mwh
        low[3 * n - 1], high[3 * n - 1] = store.end_range_mwh
        for name, service in self.services.items():
            high[self.offset[name] : self.offset[name] + int(self.band[name][-1]) + 1] = service.most_mw
        return low, high

    def balance(self) -> tuple[Any, FloatArray]:
        from scipy.sparse import csr_array, diags_array, eye_array, hstack

        store, kept = self.store, self.store.kept(self.minutes)
        bands: Any = [np.ones(self.n), np.full(self.n - 1, -kept)]
        one, stored = eye_array(self.n), diags_array(bands, offsets=[0, -1])
        start = np.zeros(self.n)
        start[0] = kept * store.initial_mwh
        rest = csr_array((self.n, self.width - 3 * self.n))
        blocks = [-self.delta * store.charge_efficiency * one, self.delta / store.discharge_efficiency * one, stored, rest]
        return hstack(blocks, format="csr"), start

    def held(self, *, up: bool) -> tuple[Any, Any]:
        """(power, content at the end of each interval) held back in a direction, as matrices on all columns (intervals x width)."""
        power, energy = np.zeros((self.n, self.width)), np.zeros((self.n, self.width))
        for name, service in self.services.items():
            if not service.ways[0 if up else 1]:
                continue
            band, at = self.band[name], self.offset[name]
            power[np.arange(self.n), at + band] += 1.0
            per_mw = service.hold_hours / self.store.discharge_efficiency
            bands = np.arange(int(band[-1]) + 1)
            counted = np.equal.outer(band, bands) if service.restored else np.greater_equal.outer(band, bands)
            energy[:, at + bands] += per_mw * counted
        return power, energy

    def inequalities(self) -> tuple[Any, FloatArray]:
        from scipy.sparse import csr_array

        store, n = self.store, self.n
        blocks, most = [], []
        index = np.arange(n)
        for up, sign, power_limit, content_limit in (
            (True, -1.0, store.discharge_mw, -store.minimum_mwh),
            (False, 1.0, store.charge_mw, store.energy_mwh),
        ):
            power, energy = self.held(up=up)
            power[index, index] += sign
            power[index, n + index] -= sign
            blocks.append(power)
            most.append(np.full(n, power_limit))
            # What is held for an interval's band must fit the content before it and after it.
            after, before = energy.copy(), energy.copy()
            after[index, 2 * n + index] += sign
            before[index[1:], 2 * n + index[:-1]] += sign
            blocks += [after, before]
            most += [np.full(n, content_limit), np.concatenate([[content_limit - sign * store.initial_mwh], np.full(n - 1, content_limit)])]
        for limit in (store.cycles_per_day, store.cycles_in_all):
            if limit is not None:
                row = np.zeros((1, self.width))
                row[0, n : 2 * n] = self.delta
                blocks.append(row)
                most.append(np.array([limit * store.energy_mwh]))
        if self.binaries:
            u = self.width - self.binaries + np.arange(self.binaries)
            charges, discharges = np.zeros((self.binaries, self.width)), np.zeros((self.binaries, self.width))
            each = np.arange(self.binaries)
            charges[each, self.where], charges[each, u] = 1.0, -store.charge_mw
            discharges[each, n + self.where], discharges[each, u] = 1.0, store.discharge_mw
            blocks += [charges, discharges]
            most += [np.zeros(self.binaries), np.full(self.binaries, store.discharge_mw)]
        return csr_array(np.vstack(blocks)), np.concatenate(most)

    def plan(self, x: FloatArray) -> StackedPlan:
        store, n = self.store, self.n
        charge, discharge = np.clip(x[:n], 0.0, store.charge_mw), np.clip(x[n : 2 * n], 0.0, store.discharge_mw)
        charge, discharge = np.where(charge <= discharge, 0.0, charge), np.where(discharge < charge, 0.0, discharge)
        charge, discharge = np.where(charge < GAP, 0.0, charge), np.where(discharge < GAP, 0.0, discharge)
        earned = {
            name: float((x[self.offset[name] + self.band[name]] * per_mw_eur(store, service, self.prices, self.minutes)).sum())
            for name, service in self.services.items()
        }
        held = [matrix @ x for up in (True, False) for matrix in self.held(up=up)]
        margin = float(store.margins_eur(charge, discharge, self.prices, self.minutes).sum())
        capacity = {name: np.maximum(x[self.offset[name] + self.band[name]], 0.0) for name in self.services}
        stored = np.clip(x[2 * n : 3 * n], store.minimum_mwh, store.energy_mwh)
        return StackedPlan(charge, discharge, stored, capacity, held[0], held[2], held[1], held[3], margin, earned)


def content_when_called(
    store: Store, plan: StackedPlan, services: Mapping[str, Service], calls_up_mw: FloatArray, calls_down_mw: FloatArray, minutes: int
) -> FloatArray:
    """Content after each interval when calls come [MWh]; with restored services back on plan at the end of a band.

    Parameters
    ----------
    calls_up_mw, calls_down_mw : arrays, shape (intervals,)
        Mean power called in each interval.
    """
    delta, kept = hours_of(minutes), store.kept(minutes)
    restored = all(s.restored for s in services.values())
    ends = [round(s.band_hours * 60 / minutes) for s in services.values()]
    content, found = store.initial_mwh, np.empty(plan.charge_mw.size)
    for t in range(found.size):
        net = plan.discharge_mw[t] - plan.charge_mw[t] + calls_up_mw[t] - calls_down_mw[t]
        content = kept * content - delta * (net / store.discharge_efficiency if net > 0 else net * store.charge_efficiency)
        found[t] = content
        if restored and all((t + 1) % end == 0 for end in ends):
            content = float(plan.state_of_charge_mwh[t])
    return found
