#!/usr/bin/env bash
# pvlib 0.16.1: solarposition.hour_angle is 15 degrees (a whole hour) wrong from the change of clocks on until the end of that day, when
# the times carry a zone with summer time; its docstring asks for such times and speaks only of zones that change at midnight. It counts
# the hours passed since midnight, but takes off the offset of the moment and not the one of midnight. Valid input: the hours of three
# days in Berlin, once as they are and once the same instants in UTC; the angle moves on by 15 degrees an hour however they are written.
# Seen 2026-11-30: "2025-03-30 21 of 23 hours by -15; 2025-06-01 0 of 24 hours; 2025-10-26 22 of 25 hours by +15".
# energy_pipeline/mathematics/photovoltaics/astronomy.py guards against it: the sun is reckoned from instants in UTC only.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet pvlib==0.16.1 pandas==3.0.5
found=$(cd "$folder" && venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
import pandas as pd
from pvlib.solarposition import hour_angle
said = []
for day in ("2025-03-30", "2025-06-01", "2025-10-26"):
    hours = pd.date_range(day, pd.Timestamp(day) + pd.Timedelta(days=1), freq="h", tz="Europe/Berlin", inclusive="left")
    seconds = hours.tz_convert("UTC").hour * 3600 + hours.tz_convert("UTC").minute * 60
    by_hand = 15.0 * (seconds / 3600.0 - 12.0) + 13.4  # longitude of Berlin, equation of time taken as zero
    off = (hour_angle(hours, 13.4, np.zeros(len(hours))) - by_hand + 180.0) % 360.0 - 180.0
    utc = (hour_angle(hours.tz_convert("UTC"), 13.4, np.zeros(len(hours))) - by_hand + 180.0) % 360.0 - 180.0
    assert np.allclose(utc, 0.0)
    wrong = off[np.abs(off) > 0.01]
    said.append(f"{day} {len(wrong)} of {len(hours)} hours" + (f" by {wrong.min():+.0f}" if len(wrong) else ""))
    assert len(wrong) == 0 or np.allclose(wrong, wrong[0])
print("; ".join(said))
PYTHON
)
echo "$found"
test "$found" = "2025-03-30 21 of 23 hours by -15; 2025-06-01 0 of 24 hours; 2025-10-26 22 of 25 hours by +15" || {
  echo "the hour angle on these days is another now: the note can go"; exit 1; }
