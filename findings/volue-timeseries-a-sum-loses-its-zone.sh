#!/usr/bin/env bash
# volue-insight-timeseries 2.3.1: TS.from_pandas, and with it TS.sum, TS.mean and TS.median, drops the time zone of what it is given, and a TS without
# one is in CET. So daily values of another zone come back stamped 23:00 of the day before (Helsinki) or 01:00 (London): the date of every
# Finnish or Baltic day is the one before its own, and a join by date with anything else is a day off. Monthly values become all unknown
# (with a warning of their length only). A single curve's to_pandas has the zone right, and so had the frame the sum was made of. Valid input:
# three days, 1, 2 and 3, of two curves of one zone, and two months likewise. By hand the sum of 1 June is 2, whatever the zone.
# Seen 2026-12-01: "Europe/Helsinki one curve 2025-06-01 00:00, sum 2025-05-31 23:00; Europe/London one curve 2025-06-01 00:00, sum
# 2025-06-01 01:00; CET one curve 2025-06-01 00:00, sum 2025-06-01 00:00; months in Helsinki: nan".
# energy_pipeline/domain/delivery.py guards against it: a day carries its date and its zone, and neither is read back from an instant.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet volue-insight-timeseries==2.3.1 pandas==2.3.3 numpy==2.3.5
found=$(cd "$folder" && venv/bin/python -W ignore - <<'PYTHON'
import pandas as pd
from volue_insight_timeseries.util import TS
def curve(zone, frequency, step, count):
    starts = pd.date_range("2025-06-01", periods=count, freq=step, tz=zone)
    points = [[int(start.timestamp() * 1000), value + 1] for value, start in enumerate(starts)]
    return TS(name="load", frequency=frequency, time_zone=zone, points=points)
said = []
for zone in ("Europe/Helsinki", "Europe/London", "CET"):
    day = curve(zone, "D", "D", 3)
    one, both = day.to_pandas(), TS.sum([day, day], "both").to_pandas()
    assert list(both) == [2, 4, 6]
    said.append(f"{zone} one curve {one.index[0]:%Y-%m-%d %H:%M}, sum {both.index[0]:%Y-%m-%d %H:%M}")
month = curve("Europe/Helsinki", "M", "MS", 2)
months = TS.sum([month, month], "both").to_pandas()
print(f"{'; '.join(said)}; months in Helsinki: {' '.join(f'{value:g}' for value in months)}")
PYTHON
)
echo "$found"
test "$found" = "Europe/Helsinki one curve 2025-06-01 00:00, sum 2025-05-31 23:00; Europe/London one curve 2025-06-01 00:00, \
sum 2025-06-01 01:00; CET one curve 2025-06-01 00:00, sum 2025-06-01 00:00; months in Helsinki: nan" || {
  echo "a sum keeps its zone now: the note can go"; exit 1; }
