#!/usr/bin/env bash
# eeco 0.4.2: the cost of a cvxpy load at hourly prices (calculate_energy_cost) is cut off at zero over the whole horizon, the cost of the
# same load as numbers is not, and no docstring says so. Where negative prices outweigh the others every plan costs nothing and none is better.
# Valid input: prices of -0.05, -0.03, 0.02 and 0.01 a kWh, at most 100 kW an hour, 220 kWh in all. By hand: 100 kWh in each of the two
# negative hours and 20 at 0.01 are -7.8, the least there is. The plan found costs more than that, and eeco itself says so of its numbers.
# Seen 2026-11-30: "best plan -7.80; as numbers -7.80, as variable 0.00; optimised plan is dearer".
# energy_pipeline/mathematics/stores/perfect_foresight.py keeps the sign: an interval earns price times MWh, at negative prices too.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet eeco==0.4.2 cvxpy==1.9.3
found=$(cd "$folder" && venv/bin/python -W ignore - <<'PYTHON'
import cvxpy as cp
import numpy as np
from eeco.costs import calculate_energy_cost
prices, best = np.array([-0.05, -0.03, 0.02, 0.01]), np.array([100.0, 100.0, 0.0, 20.0])
numbers = calculate_energy_cost(prices, best, n_per_hour=1)[0]
load = cp.Variable(4, nonneg=True)
cost = calculate_energy_cost(prices, load, n_per_hour=1)[0]
load.value = best
variable = float(cost.value)
cp.Problem(cp.Minimize(cost), [load <= 100.0, cp.sum(load) == 220.0]).solve()
dearer = calculate_energy_cost(prices, load.value, n_per_hour=1)[0] > numbers + 0.01
print(f"best plan {prices @ best:.2f}; as numbers {numbers:.2f}, as variable {variable:.2f};",
      f"optimised plan is {'dearer' if dearer else 'as good'}")
PYTHON
)
echo "$found"
test "$found" = "best plan -7.80; as numbers -7.80, as variable 0.00; optimised plan is dearer" || {
  echo "negative prices count now: the note can go"; exit 1; }
