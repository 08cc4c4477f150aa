#!/usr/bin/env bash
# pyarrow 26.0.1: compute.hours_between, minutes_between, seconds_between and their like subtract what the clocks show when the timestamps
# carry a zone with summer time, so a span over a change is an hour off, and one within the doubled hour of October runs backwards. They
# are documented as the number of hour (minute, second) boundaries crossed from start to end. compute.subtract of the same timestamps is
# right, and so are the same instants in UTC. Valid input: the days of both changes in Berlin, midnight to midnight, the 45 minutes from 00:30Z on
# 26 October 2025, and a day in June. By hand 25, 23 and 24 hours, and 45 minutes. Nothing warns. Energy as MW times
# such a length, and the length of a delivery, are wrong by an hour on both days.
# Seen 2026-12-01: "October 24 h, 86400 s of 25 h (subtract 25 h, in UTC 25 h); March 24 h, 86400 s of 23 h (subtract 23 h, in UTC 23 h);
# June 24 h, 86400 s of 24 h (subtract 24 h, in UTC 24 h); 45 minutes: -15".
# energy_pipeline/domain/delivery.py guards against it: lengths and numbers of intervals come from instants in UTC.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet pyarrow==26.0.1
found=$(cd "$folder" && venv/bin/python -W ignore - <<'PYTHON'
from datetime import datetime, timezone
import pyarrow as pa
import pyarrow.compute as pc
berlin, utc = pa.timestamp("s", tz="Europe/Berlin"), pa.timestamp("s", tz="UTC")
def instants(kind, *moments):
    return [pa.scalar(datetime.fromisoformat(moment).replace(tzinfo=timezone.utc), type=kind) for moment in moments]
said = []
for name, begin, end, hours in (("October", "2025-10-25T22:00", "2025-10-26T23:00", 25), ("March", "2025-03-29T23:00", "2025-03-30T22:00", 23),
                                ("June", "2025-05-31T22:00", "2025-06-01T22:00", 24)):
    start, stop = instants(berlin, begin, end)
    passed = pc.subtract(stop, start).as_py().total_seconds() / 3600
    said.append(f"{name} {pc.hours_between(start, stop)} h, {pc.seconds_between(start, stop)} s of {hours} h (subtract {passed:g} h, "
                f"in UTC {pc.hours_between(*instants(utc, begin, end))} h)")
doubled = instants(berlin, "2025-10-26T00:30", "2025-10-26T01:15")
print(f"{'; '.join(said)}; 45 minutes: {pc.minutes_between(*doubled)}")
PYTHON
)
echo "$found"
test "$found" = "October 24 h, 86400 s of 25 h (subtract 25 h, in UTC 25 h); March 24 h, 86400 s of 23 h (subtract 23 h, in UTC 23 h); \
June 24 h, 86400 s of 24 h (subtract 24 h, in UTC 24 h); 45 minutes: -15" || { echo "seconds pass by instants now: the note can go"; exit 1; }
