"""Makes reference/talib.parquet: TA-Lib's indicators on a seeded series (needs the group `peers`).

What belongs here: calls of the peer. What does not: anything of ours.

    .venv/bin/python energy_pipeline_tests/mathematics/backtester/make_indicator_reference.py
"""

from pathlib import Path

import numpy as np
import polars as pl

BARS = 600
HERE = Path(__file__).resolve().parent / "reference"


def series() -> dict[str, np.ndarray]:
    """Bars whose closes stay positive for ROC; jumps, flat stretches, ties."""
    rng = np.random.default_rng(7)
    close = np.maximum(60.0 + np.cumsum(rng.normal(0, 2.5, BARS)) * 0.6 + rng.normal(0, 6, BARS), 1.0)
    close[200:204] = close[199]
    high = close + rng.gamma(2.0, 1.5, BARS)
    low = close - rng.gamma(2.0, 1.5, BARS)
    high[300:303], low[300:303] = high[299], low[299]
    return {"high": high, "low": low, "close": close}


def main() -> None:
    """Compute and write."""
    import talib

    s = series()
    line, signal, histogram = talib.MACD(s["close"], 12, 26, 9)
    upper, middle, lower = talib.BBANDS(s["close"], 20, 2.0, 2.0, 0)
    columns = s | {
        "roc_10": talib.ROC(s["close"], 10),
        "rsi_14": talib.RSI(s["close"], 14),
        "rsi_5": talib.RSI(s["close"], 5),
        "macd": line,
        "macd_signal": signal,
        "macd_histogram": histogram,
        "atr_14": talib.ATR(s["high"], s["low"], s["close"], 14),
        "adx_14": talib.ADX(s["high"], s["low"], s["close"], 14),
        "adx_5": talib.ADX(s["high"], s["low"], s["close"], 5),
        "ema_12": talib.EMA(s["close"], 12),
        "sma_20": talib.SMA(s["close"], 20),
        "bollinger_upper": upper,
        "bollinger_middle": middle,
        "bollinger_lower": lower,
    }
    HERE.mkdir(exist_ok=True)
    pl.DataFrame(columns).write_parquet(HERE / "talib.parquet", compression="zstd")
    print(f"TA-Lib {talib.__version__}, {BARS} bars")  # noqa: T201


if __name__ == "__main__":
    main()
