#!/usr/bin/env bash
# energyquantified 0.19: Resolution.floor (and ceil, now, datetime, Frequency.truncate), documented to snap a time down to the nearest instant of
# the frequency, sets the clock back within the offset of the time it is given and then turns the offset over, so wherever a change of clocks
# lies between the two the answer is no instant of the frequency but an hour beside it. By hand every period begins at 00:00 of its first
# day. Valid input: 15 July 2025, an evening of the last of March and noon of the days of the change, all in CET. A year, winter and
# fourth quarter are wrong for months on end; the period before is named in spring. Curves by hour and quarter hour are right, and from
# the start of a period Resolution.enumerate steps by the calendar; from here it stops with an assertion.
# Seen 2026-12-01: "P1D of 2025-03-30 2025-03-29 23:00; P1D of 2025-10-26 2025-10-26 01:00; P1M of 2025-03-31 2025-02-28 23:00; P3M of
# 2025-12-15 2025-10-01 01:00; P1Y of 2025-07-15 2024-12-31 23:00; P1M of 2025-07-15 2025-07-01 00:00".
# energy_pipeline/domain/delivery.py guards against it: a period begins at the local midnight of its first date, taken from the calendar.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet energyquantified==0.19 pytz==2026.6
found=$(cd "$folder" && venv/bin/python -W ignore - <<'PYTHON'
from energyquantified.time import CET, Frequency, Resolution, get_datetime
said = []
for tag, day in (("P1D", (2025, 3, 30)), ("P1D", (2025, 10, 26)), ("P1M", (2025, 3, 31)), ("P3M", (2025, 12, 15)), ("P1Y", (2025, 7, 15)),
                 ("P1M", (2025, 7, 15))):
    moment = get_datetime(*day, hour=18, tz=CET)
    said.append(f"{tag} of {moment:%Y-%m-%d} {Resolution(Frequency.by_tag(tag), CET).floor(moment):%Y-%m-%d %H:%M}")
print("; ".join(said))
PYTHON
)
echo "$found"
test "$found" = "P1D of 2025-03-30 2025-03-29 23:00; P1D of 2025-10-26 2025-10-26 01:00; P1M of 2025-03-31 2025-02-28 23:00; \
P3M of 2025-12-15 2025-10-01 01:00; P1Y of 2025-07-15 2024-12-31 23:00; P1M of 2025-07-15 2025-07-01 00:00" || {
  echo "a period begins at midnight now: the note can go"; exit 1; }
