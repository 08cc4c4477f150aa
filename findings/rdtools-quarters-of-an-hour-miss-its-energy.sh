#!/usr/bin/env bash
# rdtools 3.2.1: `energy_from_power` to a shorter interval draws straight lines between right-labelled means, though its docstring promises a
# rectangular sum for them: the quarters of an hour no longer hold the hour's energy. Valid input: mean power of 0, 1, 0, 1 kW in hours
# labelled by their end. By hand each full hour holds 1000 Wh in its four quarters and each empty one none; the day's sum is right, so that a
# check of the sum finds nothing. What was sold by the quarter-hour is then paid at the prices of the neighbours.
# Seen 2026-11-30: "quarters of the full hour 625 Wh, of the empty hour 375 Wh; by hours 1000 and 0".
# energy_pipeline/information/resolution.py guards against it: a coarser row is repeated over its finer intervals, finer rows are averaged.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet rdtools==3.2.1
found=$(cd "$folder" && venv/bin/python - <<'PYTHON'
import pandas as pd
from rdtools import energy_from_power
ends = pd.date_range("2026-06-01 00:00", periods=5, freq="h")
power_w = pd.Series([0.0, 1000.0, 0.0, 1000.0, 0.0], ends)
quarters, hours = (energy_from_power(power_w, length, power_type="right_labeled") for length in ("15min", "h"))
full, empty = (quarters[(quarters.index > end - pd.Timedelta("1h")) & (quarters.index <= end)].sum() for end in ends[1:3])
print(f"quarters of the full hour {full:.0f} Wh, of the empty hour {empty:.0f} Wh; by hours {hours.iloc[0]:.0f} and {hours.iloc[1]:.0f}")
PYTHON
)
echo "$found"
test "$found" = "quarters of the full hour 625 Wh, of the empty hour 375 Wh; by hours 1000 and 0" || { echo "quarters hold their hour now: the note can go"; exit 1; }
