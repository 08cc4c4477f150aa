"""Makes reference/vectorbt.json: vectorbt's gross P&L of random targets on positive prices (group `peers`).

What belongs here: calls of the peer. What does not: anything of ours.

    .venv/bin/python energy_pipeline_tests/mathematics/backtester/make_vectorbt_reference.py
"""

import json
from pathlib import Path

import numpy as np

BARS, SETS = 500, 12
HERE = Path(__file__).resolve().parent / "reference"


def case() -> tuple[np.ndarray, np.ndarray]:
    """Prices, shape (BARS,), and targets decided with each bar's price, shape (BARS, SETS); NaN keeps the order before."""
    rng = np.random.default_rng(21)
    prices = np.maximum(60 + np.cumsum(rng.normal(0, 3, BARS)), 5.0)
    targets = np.where(rng.random((BARS, SETS)) < 0.3, np.round(rng.normal(0, 8, (BARS, SETS)), 2), np.nan)
    return prices, targets


def gross(prices: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The peer's profit of each set: a target fills at the next bar's price."""
    import pandas as pd
    import vectorbt as vbt

    orders = np.vstack([np.full((1, targets.shape[1]), np.nan), targets[:-1]])
    portfolio = vbt.Portfolio.from_orders(
        pd.Series(prices), size=pd.DataFrame(orders), size_type="targetamount", direction="both", init_cash=1e7, fees=0.0, slippage=0.0
    )
    return np.asarray(portfolio.total_profit())


if __name__ == "__main__":
    import vectorbt

    HERE.mkdir(exist_ok=True)
    found = {"version": vectorbt.__version__, "gross_eur": gross(*case()).tolist()}
    (HERE / "vectorbt.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
