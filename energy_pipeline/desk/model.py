"""The desk: markets, zones, plants, flexible assets, contracts, book, limits and model settings.

What belongs here: pydantic models of the desk file and rules that need two of its
places. What does not: reading YAML (`load`) or source mapping (`sources`).
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from energy_pipeline.contracts.columns import WIDEST_PRICE
from energy_pipeline.desk.base import ClockTime, DeskModel, Name, TimeZone
from energy_pipeline.desk.fallback import Fallback
from energy_pipeline.desk.flexibility import Battery, FlexibilitySettings, GridService, Right, right_problems, service_problems
from energy_pipeline.desk.forecasting import ForecastSettings
from energy_pipeline.desk.forwards import ForwardBookSettings
from energy_pipeline.desk.hedging import Hedging
from energy_pipeline.desk.joint import JointBookSettings
from energy_pipeline.desk.ledger import Ledger
from energy_pipeline.desk.markets import Currency, Gate, Market, MarketTimeUnit
from energy_pipeline.desk.plants import MeteredPlant, Plant, PvPlant, SharePlant, WindPlant
from energy_pipeline.desk.plausibility import Plausibility
from energy_pipeline.desk.portfolio import PortfolioSettings
from energy_pipeline.desk.risk import RiskSettings, Stress, factor_names
from energy_pipeline.desk.scenarios import ScenarioSettings
from energy_pipeline.desk.sources import AbsentSeries, SeriesEntry, Sources
from energy_pipeline.desk.strategies import Allocation, PairSpread, Record, Strategy, TradingCosts, strategy_problems
from energy_pipeline.desk.weather import WeatherLocation
from energy_pipeline.desk.zones import SecondPrice, Zone
from energy_pipeline.domain.blocks import Block
from energy_pipeline.domain.delivery import DeliveryDay, local_instant

__all__ = [
    "Desk",
    "Gate",
    "Market",
    "MarketTimeUnit",
    "MeteredPlant",
    "Plant",
    "PvPlant",
    "SecondPrice",
    "SharePlant",
    "WeatherLocation",
    "WindPlant",
    "Zone",
]
"""Plants are described in `plants`, markets in `markets`; the whole desk is read from here."""

Share = Annotated[float, Field(ge=0, le=1)]


class Contract(DeskModel):
    """A block contract the desk may hedge with."""

    zone: str = Field(description="Zone of the desk (`zones`).")
    block: Block = Field(description="Hours of the contract.")
    max_trade_mw: float = Field(gt=0, description="Bought or sold a day at most [MW].")


class OpeningPosition(DeskModel):
    """A position already held: bought is positive."""

    zone: str = Field(description="Zone of the desk (`zones`).")
    block: Block = Field(description="Hours of the position.")
    position_mw: float = Field(description="Power held [MW]; bought is positive.")
    price_eur_mwh: float = Field(description="Price it was traded at [EUR/MWh].")
    first_day: date = Field(description="First delivery day.")
    last_day: date = Field(description="Last delivery day.")
    is_proxy: bool = Field(False, description="Entered at a stated stand-in for a price.")

    @model_validator(mode="after")
    def _order(self) -> OpeningPosition:
        if self.last_day < self.first_day:
            raise ValueError(f"last_day {self.last_day} is before first_day {self.first_day}")
        return self


class Limits(DeskModel):
    """What the book may hold. None means no such limit."""

    day_ahead_deviation_mw: dict[str, Annotated[float, Field(ge=0)]] = Field(
        default_factory=dict, description="Per zone: |s - E[g|gate]| per interval at most."
    )
    gross_contracts_mw: float | None = Field(None, gt=0, description="Sum of |position| over contracts at most.")
    es_eur: float | None = Field(None, gt=0, description="Expected shortfall of the book at most.")
    es_level: float = Field(0.975, gt=0.5, lt=1, description="Confidence of `es_eur`.")
    worst_stress_eur: float | None = Field(None, gt=0, description="Largest stress loss.")
    factor_share: dict[str, Share] = Field(
        default_factory=dict, description="Per factor: share of the book's variance at most (watched, not optimised)."
    )
    factor_exposure_eur: dict[str, Annotated[float, Field(gt=0)]] = Field(
        default_factory=dict, description="Per factor: |P&L per unit of the factor| at most (watched, not optimised)."
    )
    open_mwh: dict[Literal["day", "week", "month", "quarter", "year"], Annotated[float, Field(gt=0)]] = Field(
        default_factory=dict, description="Per tenor: net open energy of the whole book at most, bought or sold [MWh]."
    )
    mark_es_eur: float | None = Field(None, gt=0, description="Expected shortfall of the whole book's marks at `es_level` at most.")
    counterparty_share: Share | None = Field(None, description="Of the open energy, bought and sold added: with one counterparty at most.")
    amber_share: Share = Field(0.8, description="Share of a limit from which its use is amber.")


class Desk(DeskModel):
    """Everything the desk is and may do.

    Time: the partition key is the delivery day in `time_zone`.
    """

    name: str = Field(pattern="^[a-z][a-z0-9_]*$", description="Short name, in file names and tables.")
    description: str = Field(description="One sentence for reports.")
    currency: Currency = Field("EUR", description="Currency of all money; fields and columns named eur hold it, whatever it is.")
    time_zone: TimeZone = Field("Europe/Berlin", description="IANA time zone of the delivery day.")
    first_delivery_day: date = Field(
        date(2015, 1, 1), description="First day that may be decided, from which doctor counts; look-backs read further, as far as the files go."
    )
    decision_at: ClockTime = Field(time(10, 30), description="Wall clock of the decision on the gate's local day.")
    approval_by_two: bool = Field(False, description="Whether a decision may be sent only by another person than the one who approved it.")
    fallback: Fallback | None = Field(None, description="What is decided when a day is not decided in time; nothing without it.")
    markets: dict[Name, Market] = Field(min_length=1, description="Day-ahead markets by name.")
    zones: dict[Name, Zone] = Field(min_length=1, description="Bidding zones by name.")
    weather: dict[Name, WeatherLocation] = Field(default_factory=dict, description="Places with weather, by name.")
    sources: Sources = Field(description="Where raw series come from.")
    plausibility: Plausibility = Field(Plausibility(), description="What happens to values that cannot be.")
    plants: dict[Name, Plant] = Field(default_factory=dict, description="Wind and solar plants by name.")
    assets: dict[Name, Battery] = Field(default_factory=dict, description="Batteries by name.")
    rights: dict[Name, Right] = Field(
        default_factory=dict, description="Swing contracts, curtailable loads, tolling plants, plants that may stand still."
    )
    flexibility: FlexibilitySettings = Field(FlexibilitySettings(), description="How flexible assets are kept and ordered.")
    services: dict[Name, GridService] = Field(default_factory=dict, description="Capacity sold to the grid operator, stacked with energy.")
    contracts: tuple[Contract, ...] = Field((), description="Block contracts the desk may hedge with.")
    opening_book: tuple[OpeningPosition, ...] = Field((), description="Positions held before the day's decision.")
    hedging: Hedging | None = Field(None, description="A hedge programme and views beside it; without it contracts follow the objective.")
    ledger: Ledger | None = Field(None, description="Trades, quotes and exchange rates of the whole book, from files.")
    strategies: dict[Name, Strategy] = Field(default_factory=dict, description="Trading rules by name.")
    trading_costs: dict[str, TradingCosts] = Field(default_factory=dict, description="By zone, of what is sold beyond the expected output.")
    allocation: Allocation = Field(Allocation(), description="How tradable strategies share the desk's risk.")
    record: Record = Field(Record(), description="When a strategy's own record lets it trade, and how much.")
    limits: Limits = Field(Limits(), description="What the book may hold.")
    forecast: ForecastSettings = Field(ForecastSettings(), description="The price models.")
    scenarios: ScenarioSettings = Field(ScenarioSettings(), description="How the paths of day and week are drawn.")
    portfolio: PortfolioSettings = Field(PortfolioSettings(), description="What the day's book is chosen by.")
    joint_book: JointBookSettings = Field(JointBookSettings(), description="Limits over hedges and flexible assets together.")
    forward_book: ForwardBookSettings | None = Field(None, description="A forward book beside the day's, from files.")
    risk: RiskSettings = Field(RiskSettings(), description="What risk is reported.")
    stress: tuple[Stress, ...] = Field((), description="Named stresses of the book.")

    @model_validator(mode="after")
    def _references(self) -> Desk:
        problems = [*self._reference_problems(), *self._money_problems(), *self._decision_problems()]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _reference_problems(self) -> list[str]:
        named_zones = {
            **{f"plants.{n}.zone": p.zone for n, p in self.plants.items()},
            **{f"assets.{n}.zone": a.zone for n, a in self.assets.items()},
            **{f"rights.{n}.zone": r.zone for n, r in self.rights.items()},
            **{f"contracts.{i}.zone": c.zone for i, c in enumerate(self.contracts)},
            **{f"opening_book.{i}.zone": o.zone for i, o in enumerate(self.opening_book)},
            **{f"strategies.{n}.zone": s.zone for n, s in self.strategies.items()},
            **{f"strategies.{n}.other_zone": s.other_zone for n, s in self.strategies.items() if isinstance(s, PairSpread) and s.other_zone},
            **{f"zones.{n}.neighbours.{i}": other for n, z in self.zones.items() for i, other in enumerate(z.neighbours)},
            **{f"trading_costs.{z}": z for z in self.trading_costs},
            **{f"limits.day_ahead_deviation_mw.{z}": z for z in self.limits.day_ahead_deviation_mw},
            **{f"joint_book.zone_exposure_mwh.{z}": z for z in self.joint_book.zone_exposure_mwh},
            **{f"sources.{kind}.{i}.key.zone": s.key["zone"] for kind, i, s in self._keyed_sources() if "zone" in s.key},
            **{f"sources.proxy_quotes.{i}.zone": q.zone for i, q in enumerate(self.sources.proxy_quotes)},
        }
        problems = [
            f"{path}: zone {zone!r} is not declared; zones: {', '.join(self.zones)}" for path, zone in named_zones.items() if zone not in self.zones
        ]
        problems += [
            f"zones.{name}.market: {zone.market!r} is not declared; markets: {', '.join(self.markets)}"
            for name, zone in self.zones.items()
            if zone.market not in self.markets
        ]
        problems += [f"zones.{name}.neighbours: a zone is not its own neighbour" for name, zone in self.zones.items() if name in zone.neighbours]
        locations = {f"plants.{n}.location": p.location for n, p in self.plants.items() if isinstance(p, PvPlant | WindPlant)}
        two_heights = {n: p.upper_location for n, p in self.plants.items() if isinstance(p, WindPlant)}
        locations |= {f"plants.{n}.upper_location": loc for n, loc in two_heights.items() if loc is not None}
        locations |= {f"zones.{n}.weather_locations": loc for n, z in self.zones.items() for loc in z.weather_locations}
        locations |= {f"sources.{kind}.{i}.key.location": s.key["location"] for kind, i, s in self._keyed_sources() if "location" in s.key}
        problems += [
            f"{path}: weather location {loc!r} is not declared; weather: {', '.join(self.weather) or 'none'}"
            for path, loc in locations.items()
            if loc not in self.weather
        ]
        problems += [
            f"weather.{plant.location}.wind_height_m: missing; plants.{name} is computed from wind at this height -> state it"
            for name, plant in self.plants.items()
            if isinstance(plant, WindPlant) and plant.location in self.weather
            if "wind_height_m" not in self.weather[plant.location].model_fields_set
        ]
        problems += [*service_problems(self.services, self.assets), *right_problems(self.rights, {n: p.zone for n, p in self.plants.items()})]
        problems += strategy_problems(self.strategies, {n: z.second_price.kind != "none" for n, z in self.zones.items()})
        problems += [
            f"sources.{kind}.{i}.key.plant: plant {s.key['plant']!r} is not declared; plants: {', '.join(self.plants) or 'none'}"
            for kind, i, s in self._keyed_sources()
            if "plant" in s.key and s.key["plant"] not in self.plants
        ]
        problems += [
            f"zones.{name}.market_time_unit: begins {zone.market_time_unit[0].first_day}, after first_delivery_day {self.first_delivery_day} "
            "-> say which unit held before"
            for name, zone in self.zones.items()
            if zone.market_time_unit[0].first_day > self.first_delivery_day
        ]
        return problems + [
            f"sources.live.{i}: zone {s.key['zone']} takes `epf_convention`, which dates a forecast before it is published -> a live desk "
            f"decides on what is out: zones.{s.key['zone']}.tso_res_forecast: strict"
            for i, s in enumerate(self.sources.live)
            if s.table == "generation_forecast" and (zone := self.zones.get(s.key.get("zone", ""))) and zone.tso_res_forecast == "epf_convention"
        ]

    def oversights(self) -> list[str]:
        """What a person cannot have meant, though every rule is kept; a desk made in code may."""
        quoted = self.sources.quoted_blocks()
        return [
            f"contracts.{i}: nothing quotes {c.block} of {c.zone}, so it could never be traded -> add forward_quotes of it to sources.files, "
            "proxy_quotes, or say so in sources.absent"
            for i, c in enumerate(self.contracts)
            if quoted is not None and not {(c.zone, c.block), (c.zone, "")} & quoted
        ]

    def _keyed_sources(self) -> list[tuple[str, int, SeriesEntry | AbsentSeries]]:
        """(place in the desk file, number, series) of every declared and absent series."""
        return [
            *(("files", i, s) for i, s in enumerate(self.sources.files)),
            *(("live", i, s) for i, s in enumerate(self.sources.live)),
            *(("absent", i, s) for i, s in enumerate(self.sources.absent)),
        ]

    def _money_problems(self) -> list[str]:
        return [
            f"markets.{name}.currency: {m.currency} differs from the desk's {self.currency} -> "
            f"give that market's prices in {self.currency} (`factor` in `values`, or a file already converted), or make it a desk of its own; "
            "two currencies in one desk need a series of exchange rates, which this version lacks"
            for name, m in self.markets.items()
            if m.currency != self.currency
        ]

    def _decision_problems(self) -> list[str]:
        horizons = self.risk.living_book_days
        factors = factor_names(tuple(self.zones), self.risk)
        odd = [f"risk.living_book_days: {n} is not between 2 and 30 days" for n in horizons if not 2 <= n <= 30]
        odd += [f"risk.mark_horizons_days: {n} is not between 1 and 30 days" for n in self.risk.mark_horizons_days if not 1 <= n <= 30]
        if horizons and not self.opening_book:
            odd.append("risk.living_book_days: nothing is held beyond the delivery day (opening_book is empty), so a longer horizon is refused")
        odd += [
            f"limits.{kind}.{name}: no such factor; factors: {', '.join(factors)}"
            for kind, named in (("factor_share", self.limits.factor_share), ("factor_exposure_eur", self.limits.factor_exposure_eur))
            for name in named
            if name not in factors
        ]
        left = min(self.gate_closure(d) - self.decision_time(d) for d in (date(2026, 1, 15), date(2026, 7, 15)))
        odd += self.fallback.problems(left) if self.fallback is not None else []
        odd += [*self._hedging_problems(), *self.portfolio.risk_budget.unknown_zones(tuple(self.zones))]
        return odd + [
            f"decision_at: {self.decision_at} is after the gate {m.gate.at} of market {name}"
            for name, m in self.markets.items()
            if m.gate.days_before == self.days_ahead and m.time_zone == self.time_zone and self.decision_at > m.gate.at
        ]

    def _hedging_problems(self) -> list[str]:
        if self.hedging is None:
            return []
        known = {(c.zone, c.block) for c in self.contracts}
        odd = [f"hedging.programme.{i}.zone: no zone {t.zone!r}" for i, t in enumerate(self.hedging.programme) if t.zone not in self.zones]
        odd += [
            f"hedging.programme.{i}: {t.block} of {t.zone} is none of the desk's contracts -> add it to contracts"
            for i, t in enumerate(self.hedging.programme)
            if t.tenor == "day" and (t.zone, t.block) not in known
        ]
        joint = self.flexibility.orders == "joint"
        return odd + ["flexibility.orders: joint decides the contracts itself -> leave out hedging, or send plan, curve or blocks"] * joint

    def delivery_day(self, day: date) -> DeliveryDay:
        """The delivery day in the desk's time zone."""
        return DeliveryDay(day, self.time_zone)

    def price_bounds(self, zone: str, kind: Literal["day_ahead", "second"], day: date) -> tuple[float, float]:
        """Lowest and highest price of a zone that can be on a day [currency/MWh]: its market's limits, or the widest there are."""
        second = self.zones[zone].second_price.kind
        limit = self.markets[self.zones[zone].market].price_limit("day_ahead" if kind == "day_ahead" or second == "none" else second, day)
        return (-WIDEST_PRICE, WIDEST_PRICE) if limit is None else (limit.lowest, limit.highest)

    def gate_closure(self, day: date) -> datetime:
        """The earliest gate of the desk's markets for delivery day `day`, UTC."""
        return min(local_instant(day - timedelta(days=m.gate.days_before), m.gate.at, m.time_zone) for m in self.markets.values())

    def last_gate_closure(self, day: date) -> datetime:
        """The latest gate of the desk's markets for delivery day `day`, UTC."""
        return max(local_instant(day - timedelta(days=m.gate.days_before), m.gate.at, m.time_zone) for m in self.markets.values())

    @property
    def days_ahead(self) -> int:
        """Days before delivery on which a day is decided."""
        return max(m.gate.days_before for m in self.markets.values())

    def decision_time(self, day: date) -> datetime:
        """The instant decide(day) is cut at, never later than the gate, UTC."""
        return min(local_instant(day - timedelta(days=self.days_ahead), self.decision_at, self.time_zone), self.gate_closure(day))

    @property
    def max_lag_days(self) -> int:
        """Longest look-back of a feature [days]."""
        return 35

    @property
    def own_lag_days(self) -> int:
        """Longest look-back of a driver's forecast [days]."""
        return max(self.max_lag_days, self.forecast.own_driver_days)

    @property
    def history_days(self) -> int:
        """Raw days decide(D) may read before D: error window, one model block, training, lags."""
        forecast = self.forecast
        return forecast.error_days + forecast.weight_days + 31 + forecast.training_days + self.own_lag_days + 2 + forecast.horizon_days
