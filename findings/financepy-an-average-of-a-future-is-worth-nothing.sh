#!/usr/bin/env bash
# financepy 1.1.2: EquityAsianOption by TURNBULL_WAKEMAN loses the price where interest and dividend rate are equal, which is how an option on a
# future or forward is put: the branch for that case has the mean 1 instead of the price. So a call on the month's average is worth 0, a put
# the whole discounted strike less 1. A rate that differs in the fifth digit gives the right value, and so do the geometric method and a
# simulation. Valid input: a future at 80, struck at 80, volatility 60 %, 3 % for both rates, averaged over June 2025, seen on 1 January. By
# hand, the first two moments of the average in closed form and Black's formula, call and put are both 12.45. Nothing warns.
# Seen 2026-12-01: "equal rates: call 0.00, put 77.83; rates of 3 and 3.001 %: call 12.45, put 12.45; by hand call 12.45, put 12.45".
# energy_pipeline/mathematics/stores/spreads.py guards against the kind: its formulas are held against a second way at the limits.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet financepy==1.1.2 numpy==2.3.5 pandas==2.3.3 numba==0.62.1
found=$(cd "$folder" && venv/bin/python -W ignore - <<'PYTHON' | tail -1
from math import exp, log, sqrt
from scipy.integrate import dblquad
from scipy.stats import norm
from financepy.market.curves.flat_discount_curve import FlatDiscountCurve
from financepy.models.black_scholes import BlackScholes
from financepy.products.equity.equity_asian_option import AsianOptionValuationMethods, EquityAsianOption
from financepy.utils.date import Date
from financepy.utils.global_types import OptionTypes
today, first, last = Date(1, 1, 2025), Date(1, 6, 2025), Date(1, 7, 2025)
future, strike, rate, volatility = 80.0, 80.0, 0.03, 0.6
def told(kind, other):
    option = EquityAsianOption(first, last, strike, kind)
    curves = (FlatDiscountCurve(today, one) for one in (rate, other))
    return option.value(today, future, *curves, BlackScholes(volatility), AsianOptionValuationMethods.TURNBULL_WAKEMAN)
def pair(name, call, put):
    return f"{name}call {call:.2f}, put {put:.2f}"
begin, end = (first - today) / 365, (last - today) / 365
second = dblquad(lambda one, other: exp(volatility**2 * min(one, other)), begin, end, begin, end)[0] / (end - begin) ** 2
spread = sqrt(log(second))
up, discount = 0.5 * spread, exp(-rate * end)
by_hand = discount * (future * norm.cdf(up) - strike * norm.cdf(up - spread))
kinds = (OptionTypes.EUROPEAN_CALL, OptionTypes.EUROPEAN_PUT)
print("; ".join((pair("equal rates: ", *(told(kind, rate) for kind in kinds)),
                 pair("rates of 3 and 3.001 %: ", *(told(kind, rate + 1e-5) for kind in kinds)), pair("by hand ", by_hand, by_hand))))
PYTHON
)
echo "$found"
test "$found" = "equal rates: call 0.00, put 77.83; rates of 3 and 3.001 %: call 12.45, put 12.45; by hand call 12.45, put 12.45" || {
  echo "an average of a future has its price now: the note can go"; exit 1; }
