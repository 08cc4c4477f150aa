"""The desk's strategies and what trading costs it.

What belongs here: pydantic models of the desk file's `strategies` and `trading_costs`. What does
not: rules and cost formulas (`energy_pipeline.strategies`).

Whether a strategy is money follows from what it trades: `trades: spread` buys in the auction and
leaves at the zone's second price; `trades: day_ahead` follows an index nobody can hold from one
day to the next, and is a study.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from energy_pipeline.desk.base import DeskModel


class CostTier(DeskModel):
    """A rate for the part of an order up to a volume; the last tier has no end."""

    up_to_mwh: float | None = Field(None, gt=0, description="End of the tier [MWh]; none: no end.")
    eur_mwh: float = Field(ge=0, description="Rate within the tier [EUR/MWh].")


class TradingCosts(DeskModel):
    """What an order of Q MWh at price P costs, all of it in EUR; per MWh, so that it is right at negative prices.

    Cost = Q (half_spread + fees) + Q k (Q / ADV)^gamma + max(minimum, fixed + per MWh x Q)
    + share x |P| Q + marginal tiers + surcharge on what exceeds a share of ADV.
    What is held to delivery pays `closing_eur_mwh` besides.
    """

    half_spread_eur_mwh: float = Field(0.0, ge=0, description="Half of ask less bid [EUR/MWh].")
    impact_eur_mwh: float = Field(0.0, ge=0, description="k of k (Q / ADV)^gamma, per MWh.")
    impact_exponent: float = Field(0.5, gt=0, le=2, description="gamma of k (Q / ADV)^gamma.")
    daily_volume_mwh: float | None = Field(None, gt=0, description="ADV: what the market trades a day.")
    commission_fixed_eur: float = Field(0.0, ge=0, description="Commission of an order [EUR].")
    commission_eur_mwh: float = Field(0.0, ge=0, description="Commission by volume [EUR/MWh].")
    commission_minimum_eur: float = Field(0.0, ge=0, description="Commission of an order at least [EUR].")
    value_share: float = Field(0.0, ge=0, le=0.1, description="Of |price x volume|; 5 bps are 0.0005. Nothing at a price of 0.")
    exchange_fee_eur_mwh: float = Field(0.0, ge=0, description="Fee of the exchange [EUR/MWh].")
    clearing_fee_eur_mwh: float = Field(0.0, ge=0, description="Fee of the clearing house [EUR/MWh].")
    regulatory_fee_eur_mwh: float = Field(0.0, ge=0, description="Fee of the regulator [EUR/MWh].")
    tiers: tuple[CostTier, ...] = Field((), description="Marginal: each part of the volume pays its own rate, so no order gets cheaper by growing.")
    large_order_share: float | None = Field(None, gt=0, description="Share of ADV above which the surcharge applies.")
    large_order_eur_mwh: float = Field(0.0, ge=0, description="Surcharge on the part above.")
    balancing_eur_mwh: float = Field(0.0, ge=0, description="Balancing of what is held to delivery [EUR/MWh].")
    delivery_eur_mwh: float = Field(0.0, ge=0, description="Scheduling and delivery of what is held to delivery [EUR/MWh].")
    capacity_eur_mwh: float = Field(0.0, ge=0, description="Transmission capacity of what is held to delivery [EUR/MWh].")
    congestion_eur_mwh: float = Field(0.0, ge=0, description="Congestion of what is held to delivery [EUR/MWh].")

    @model_validator(mode="after")
    def _volume(self) -> TradingCosts:
        if self.daily_volume_mwh is None and (self.impact_eur_mwh > 0 or self.large_order_share is not None):
            raise ValueError("impact_eur_mwh and large_order_share count in shares of daily_volume_mwh: give it")
        ends = [t.up_to_mwh for t in self.tiers]
        if any(e is None for e in ends[:-1]) or [e for e in ends if e is not None] != sorted({e for e in ends if e is not None}):
            raise ValueError("list the tiers by up_to_mwh, rising; only the last may go without")
        return self

    @property
    def closing_eur_mwh(self) -> float:
        """What every MWh pays that is held to delivery: balancing, delivery, capacity and congestion."""
        return self.balancing_eur_mwh + self.delivery_eur_mwh + self.capacity_eur_mwh + self.congestion_eur_mwh


class StrategyModel(DeskModel):
    """What every strategy has."""

    zone: str = Field(description="Zone of the desk (`zones`).")
    explanation: str = Field("", description="Why a Sharpe above 3 or significance at 1 % is right; without it such a result fails.")
    trials: int = Field(1, ge=1, description="Parameter sets tried before these were chosen; deflates the Sharpe ratio.")


class SpreadStrategy(StrategyModel):
    """Trade day-ahead against the second price on the expected spread (tradable)."""

    kind: Literal["day_ahead_vs_second"] = Field(description="Day-ahead against the second price.")
    window_days: int = Field(28, ge=7, le=365, description="Past days of the expected spread.")
    shrinkage_days: float = Field(28, ge=0, description="Weight of zero edge, in days.")
    threshold_eur_mwh: float = Field(1.0, ge=0, description="Expected spread from which it trades [EUR/MWh].")
    max_mw: float = Field(gt=0, description="Position at most [MW].")


class MeanReversionIndex(StrategyModel):
    """Reversal of day-ahead price changes: an index study, earns nothing."""

    kind: Literal["day_ahead_reversal_index"] = Field(description="Reversal of day-ahead price changes, a study.")
    window_days: int = Field(28, ge=7, le=365, description="Past days of mean and standard deviation.")
    entry_z: float = Field(1.0, gt=0, description="z-score from which it enters.")


class Sized(StrategyModel):
    """A rule on the daily series of each block of the day."""

    trades: Literal["spread", "day_ahead"] = Field("spread", description="spread: auction against second price. day_ahead: an index study.")
    block_hours: Literal[1, 4, 24] = Field(24, description="One series per block of so many local hours.")
    max_mw: float = Field(10.0, gt=0, description="Position at most [MW].")


class MeanReversion(Sized):
    """Against a deviation from the mean: entry, exit and stop by z-score, size K |z|."""

    kind: Literal["mean_reversion"] = Field(description="Against a deviation from the mean.")
    window_days: int = Field(28, ge=7, le=365, description="Past days of mean and standard deviation.")
    entry_z: float = Field(2.0, gt=0, description="z-score from which it enters.")
    exit_z: float = Field(0.5, ge=0, description="z-score at which it leaves.")
    stop_z: float = Field(4.0, gt=0, description="z-score at which it gives up.")
    mw_per_z: float | None = Field(None, gt=0, description="K of size = K |z|, at most max_mw; max_mw at once when not given.")
    max_half_life_days: float | None = Field(None, gt=0, description="Only while the fitted half-life is at most so long.")

    @model_validator(mode="after")
    def _order(self) -> MeanReversion:
        if not self.exit_z < self.entry_z < self.stop_z:
            raise ValueError(f"exit_z < entry_z < stop_z, got {self.exit_z:g}, {self.entry_z:g}, {self.stop_z:g}")
        return self


class Momentum(Sized):
    """With the movement, while all time frames agree and the trend is strong."""

    kind: Literal["momentum"] = Field(description="With the movement.")
    indicator: Literal["change", "roc", "rsi", "macd"] = Field("macd", description="What tells the movement: change, rate of change, RSI or MACD.")
    window_days: int = Field(10, ge=2, le=120, description="Period of the indicator (MACD: its slow mean).")
    time_frames: tuple[int, ...] = Field((1,), min_length=1, description="Days a bar lasts in each time frame, e.g. [1, 7].")
    minimum_trend: float = Field(0.0, ge=0, le=100, description="ADX the trend must reach; 0: any.")
    stop_eur_mwh: float | None = Field(None, gt=0, description="Trailing stop, in EUR/MWh: a percentage fails near zero.")
    account_risk_eur: float | None = Field(None, gt=0, description="Loss at the stop that sets the size; max_mw when not given.")
    skip_hours: tuple[int, ...] = Field((), description="Local hours that are not traded, for want of liquidity.")
    minimum_volume_share: float = Field(0.0, ge=0, description="Of the window's mean volume that a bar must reach, where volumes are known.")

    @model_validator(mode="after")
    def _risk(self) -> Momentum:
        if self.account_risk_eur is not None and self.stop_eur_mwh is None:
            raise ValueError("account_risk_eur / stop distance is the size: give stop_eur_mwh")
        return self


class PairSpread(StrategyModel):
    """Daily base price against another zone or a fuel: an index study (neither leg can be held)."""

    kind: Literal["pair_spread"] = Field(description="Daily base price against another zone or a fuel, a study.")
    against: Literal["zone", "gas", "clean_gas", "coal"] = Field(description="The other leg.")
    other_zone: str | None = Field(None, description="The other zone, with `against: zone`.")
    heat_rate: float = Field(2.0, gt=0, description="MWh of fuel per MWh of power.")
    tonnes_per_mwh: float = Field(0.37, ge=0, description="CO2 per MWh of power.")
    hedge: Literal["fixed", "ols"] = Field("fixed", description="Hedge ratio: fixed (one, or the heat rate), or by least squares over the window.")
    window_days: int = Field(60, ge=20, le=365, description="Past days of mean, standard deviation and hedge ratio.")
    entry_z: float = Field(2.0, gt=0, description="z-score from which it enters.")
    exit_z: float = Field(0.5, ge=0, description="z-score at which it leaves.")
    stop_z: float = Field(4.0, gt=0, description="z-score at which it gives up.")
    cointegrated: bool = Field(False, description="Only while Engle-Granger rejects at 5 % over the window.")

    @model_validator(mode="after")
    def _other(self) -> PairSpread:
        if (self.against == "zone") != (self.other_zone is not None):
            raise ValueError("against: zone needs other_zone, anything else has none")
        return self


class RenewableArbitrage(Sized):
    """Trade the hours renewables move: mean spread of days whose expected renewable share was alike."""

    kind: Literal["renewable_arbitrage"] = Field(description="Hours that renewables move.")
    hours: Literal["all", "duck"] = Field("all", description="duck: midday (11-15) and evening (17-21) local hours only.")
    window_days: int = Field(90, ge=28, le=365, description="Past days that are looked through for alike ones.")
    neighbours: int = Field(20, ge=5, le=200, description="Days of the window most alike in expected renewable output.")
    threshold_eur_mwh: float = Field(1.0, ge=0, description="Mean spread from which it trades [EUR/MWh].")
    minimum_t: float = Field(1.0, ge=0, description="Mean over its standard error that a position needs.")


Strategy = Annotated[
    SpreadStrategy | MeanReversionIndex | MeanReversion | Momentum | PairSpread | RenewableArbitrage,
    Field(discriminator="kind"),
]


def strategy_problems(strategies: Mapping[str, Strategy], has_second_price: Mapping[str, bool]) -> list[str]:
    """Strategies that trade against a second price their zone does not have."""
    return [
        f"strategies.{name}.zone: {s.zone} has no second price, so {s.kind} has nothing to trade against"
        for name, s in strategies.items()
        if (isinstance(s, SpreadStrategy) or (isinstance(s, Sized) and s.trades == "spread")) and not has_second_price.get(s.zone, True)
    ]


class Allocation(DeskModel):
    """How the desk's tradable strategies share its risk."""

    method: Literal["risk_parity", "cvar", "mean_variance", "none"] = Field(
        "none", description="How risk is shared: equal contributions, least CVaR, mean against variance, or (none) equal parts."
    )
    window_days: int = Field(365, ge=60, le=2000, description="Past days the shares are computed from.")
    risk_model: Literal["ledoit_wolf", "sample", "exponentially_weighted"] = Field(
        "ledoit_wolf", description="Covariance of risk_parity and mean_variance; exponentially weighted: what is 30 days older counts half."
    )
    mean_shrinkage_days: float = Field(365.0, ge=0, description="mean_variance: so many days without gain or loss are added to a mean.")


class Record(DeskModel):
    """When a strategy's own record lets it trade, and how much."""

    decides: bool = Field(True, description="false: every tradable strategy trades all it may, whatever its record says; its row says so.")
    window_days: int = Field(120, ge=30, le=365, description="Settled days a judgement rests on; the walk begins `minimum_days` before them.")
    minimum_days: int = Field(60, ge=20, le=365, description="Settled days under which a strategy is on paper.")
    live_probability: float = Field(0.9, gt=0.5, lt=1, description="Deflated probability of an edge from which it is live.")
    reduced_probability: float = Field(0.75, gt=0.5, lt=1, description="From which it is reduced, and under which a live one is reduced.")
    paper_probability: float = Field(0.5, gt=0, lt=1, description="Under which a reduced one goes back on paper.")
    reduced_size: float = Field(0.5, gt=0, lt=1, description="Part of its share that a reduced strategy trades.")
    drawdown_stop: float = Field(10.0, gt=0, description="Fall from a peak while trading, in standard deviations of a day, that stops it.")
    rest_days: int = Field(28, ge=1, le=365, description="Days a stopped strategy rests before it is on paper again, its record begun anew.")
    trials: str | None = Field(None, min_length=1, description="File of every trial (CSV); `energy-pipeline backtest` adds to it, decisions read it.")

    @model_validator(mode="after")
    def _order(self) -> Record:
        if not self.paper_probability <= self.reduced_probability <= self.live_probability:
            told = f"{self.paper_probability:g}, {self.reduced_probability:g}, {self.live_probability:g}"
            raise ValueError(f"paper_probability <= reduced_probability <= live_probability, got {told}")
        if self.minimum_days > self.window_days:
            raise ValueError(f"minimum_days {self.minimum_days} is more than window_days {self.window_days}: no record would ever be long enough")
        return self
