#!/usr/bin/env bash
# nexa-backtest 0.8.0: a backtest takes the MW of an order for MWh, whatever the length of its product, so every result in EUR of a market in
# quarter hours, its own default, is four times too large. Orders and fills are documented in MW and prices in EUR/MWh, the result as volume
# in MWh and gain in EUR. Valid input: one day of day-ahead prices, 40 in its first half and 60 EUR/MWh in its second, equal volumes, in quarter
# hours and in hours; one order of 10 MW for the first product. By hand: 10 MW * 0.25 h = 2.5 MWh, bought 10 EUR/MWh below the day's mean,
# are 25 EUR, for the hour 10 MWh and 100 EUR. Both runs give the same; capital, drawdown and limits in EUR are weighed with it.
# Seen 2026-12-01: "quarter hour: 10 MWh, 100 EUR of 2.5 MWh, 25 EUR; hour: 10 MWh, 100 EUR of 10 MWh, 100 EUR".
# energy_pipeline/domain/units.py guards against it: energy is MW times the hours of the interval, everywhere.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet nexa-backtest==0.8.0 pandas==2.3.3 pyarrow tzdata==2026.6
found=$(cd "$folder" && venv/bin/python -W ignore - <<'PYTHON'
from datetime import date
from decimal import Decimal
from pathlib import Path
import pandas as pd
from nexa_backtest import BacktestEngine, Order, SimpleAlgo
class FirstProduct(SimpleAlgo):
    def on_setup(self, ctx):
        self.ordered = False
    def on_auction_open(self, ctx, auction):
        if not self.ordered:
            self.ordered = True
            ctx.place_order(Order.buy(auction.product_id, volume_mw=10, price_eur_mwh=50))
said = []
for name, step, hours in (("quarter hour", "15min", 0.25), ("hour", "1h", 1.0)):
    folder = Path(step)
    folder.mkdir()
    starts = pd.date_range("2026-03-02", "2026-03-03", freq=step, tz="UTC", inclusive="left")
    prices = [40.0] * (len(starts) // 2) + [60.0] * (len(starts) // 2)
    pd.DataFrame({"timestamp": starts, "zone": "NO1", "price_eur_mwh": prices, "volume_mwh": 1000.0 * hours}).to_parquet(
        folder / "da_prices.parquet")
    bought = BacktestEngine(algo=FirstProduct(), exchange="nordpool", start=date(2026, 3, 2), end=date(2026, 3, 2), products=["NO1_DA"],
                            data_dir=folder, capital=Decimal(100_000)).run().pnl.buys
    assert bought.count == 1 and bought.avg_price == 40
    said.append(f"{name}: {bought.volume_mwh} MWh, {bought.total_alpha_eur:.0f} EUR of {10 * hours:g} MWh, {10 * hours * (50 - 40):g} EUR")
print("; ".join(said))
PYTHON
)
echo "$found"
test "$found" = "quarter hour: 10 MWh, 100 EUR of 2.5 MWh, 25 EUR; hour: 10 MWh, 100 EUR of 10 MWh, 100 EUR" || {
  echo "the length of the product counts now: the note can go"; exit 1; }
