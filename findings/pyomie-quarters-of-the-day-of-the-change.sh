#!/usr/bin/env bash
# pyomie 1.2.0: localize_quarter_hourly_data, made by its docstring for days with 23 or 25 hours, to leave no doubt about their times, adds
# minutes to the midnight of a zone, which Python counts on the clock. On the day of 25 hours the second hour of the doubled one gets the times
# of the hour after it, every later price stands an hour late and the last hour is given to the next day; on the day of 23 hours the missing
# hour has prices and the last hour none. Nothing warns. Valid input: the quarter hours of three days, numbered in the order OMIE publishes
# them. By hand the quarter hour at an instant is the number of quarters since midnight in UTC.
# Seen 2026-12-01: "2025-10-26 12 of 100 right, 4 on the next day; 2025-11-02 96 of 96 right; 2026-03-29 12 of 92 right".
# energy_pipeline/domain/delivery.py guards against it: the n-th interval of a day starts n intervals after its local midnight in UTC.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet pyomie==1.2.0 tzdata==2026.6
found=$(cd "$folder" && venv/bin/python -W ignore - <<'PYTHON'
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo
from pyomie.util import localize_quarter_hourly_data
MADRID, QUARTER = ZoneInfo("Europe/Madrid"), timedelta(minutes=15)
said = []
for day in (date(2025, 10, 26), date(2025, 11, 2), date(2026, 3, 29)):
    start, end = (datetime(d.year, d.month, d.day, tzinfo=MADRID).astimezone(UTC) for d in (day, day + timedelta(days=1)))
    published = list(range((end - start) // QUARTER))
    told = [(datetime.fromisoformat(at), value) for at, value in localize_quarter_hourly_data(day, published).items()]
    right = sum(start + value * QUARTER == at for at, value in told)
    beyond = sum(at >= end for at, _ in told)
    said.append(f"{day} {right} of {len(published)} right" + (f", {beyond} on the next day" if beyond else ""))
print("; ".join(said))
PYTHON
)
echo "$found"
test "$found" = "2025-10-26 12 of 100 right, 4 on the next day; 2025-11-02 96 of 96 right; 2026-03-29 12 of 92 right" || {
  echo "the quarter hours have other times now: the note can go"; exit 1; }
