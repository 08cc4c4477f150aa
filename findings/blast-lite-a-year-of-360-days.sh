#!/usr/bin/env bash
# blast-lite 1.1.1: utils.assemble_one_year_input, made to build one year of a battery's use and its climate, cuts the year off after 360 days
# (31 104 000 s), though it makes both parts a year of 365 days long first. Valid input: a store that is charged and discharged once a day
# and the temperatures of a whole year, hourly, both with Time_s from 0. By hand 8760 hours and 365 full cycles. The last five days of
# December are lost without a word, with what the store did in them, and a simulation that repeats the year moves the summer by five days
# with every year of the battery's life: 100 days after twenty years.
# Seen 2026-12-01: "8640 of 8760 hours, the last of day 360; 360 of 365 cycles; the cold of the last five days: gone".
# energy_pipeline/domain/delivery.py guards against the kind: a span is its local days, counted by the calendar and not in seconds.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet blast-lite==1.1.1
found=$(cd "$folder" && venv/bin/python -W ignore - 2>/dev/null <<'PYTHON'
import numpy as np
import pandas as pd
from blast.utils.functions import assemble_one_year_input
hours = np.arange(8761)  # both ends of the year, so that nothing has to be repeated
seconds = hours * 3600
use = pd.DataFrame({"Time_s": seconds, "SOC": np.where(hours % 24 < 12, 0.0, 1.0)})
climate = pd.DataFrame({"Time_s": seconds, "Temperature_C": np.where(hours >= 360 * 24, -10.0, 15.0)})
year = assemble_one_year_input(use, climate)
cycles = float(year["SOC"].diff().clip(lower=0).sum())
cold = "there" if (year["Temperature_C"] < 0).any() else "gone"
print(f"{len(year)} of 8760 hours, the last of day {year['Time_s'].iloc[-1] // 86400 + 1}; {cycles:.0f} of 365 cycles; "
      f"the cold of the last five days: {cold}")
PYTHON
)
echo "$found"
test "$found" = "8640 of 8760 hours, the last of day 360; 360 of 365 cycles; the cold of the last five days: gone" || {
  echo "a year has 365 days now: the note can go"; exit 1; }
