#!/usr/bin/env bash
# rdtools 3.2.1: `energy_from_power` of instantaneous readings, summed by calendar day or month, goes on with the last reading to the end of
# the period. Valid input: 1 kW at every full hour of two days, 2026-06-01 00:00 to 2026-06-03 00:00. By hand that is 48 h x 1 kW = 48 kWh
# and no reading tells of more. By day it answers three days of 24 kWh, by month 30 days of it, with no warning of it; the same span asked as
# "24h" ends where the readings end. The gap behind the last reading is longer than `max_timedelta`, of which the docstring says NaN.
# Seen 2026-11-30: "D 72 kWh in 3 days, MS 720 kWh, 24h 48 kWh; right-labelled D 48 kWh".
# energy_pipeline/information/resolution.py guards against it: an interval without a reading has no value, and no reading reaches beyond its own.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet rdtools==3.2.1 pandas==3.0.5
found=$(cd "$folder" && venv/bin/python - <<'PYTHON'
import warnings
import pandas as pd
from rdtools import energy_from_power
warnings.simplefilter("ignore", RuntimeWarning)  # pandas' about `origin`, of another matter
power_w = pd.Series(1000.0, pd.date_range("2026-06-01", "2026-06-03", freq="h"))
days, months, spans = (energy_from_power(power_w, length, power_type="instantaneous").dropna() / 1000 for length in ("D", "MS", "24h"))
means = energy_from_power(power_w, "D").dropna() / 1000
print(f"D {days.sum():.0f} kWh in {days.size} days, MS {months.sum():.0f} kWh, 24h {spans.sum():.0f} kWh; right-labelled D {means.sum():.0f} kWh")
PYTHON
)
echo "$found"
test "$found" = "D 72 kWh in 3 days, MS 720 kWh, 24h 48 kWh; right-labelled D 48 kWh" || { echo "energy ends with the readings now: the note can go"; exit 1; }
