#!/usr/bin/env bash
# energyquantified 0.19: Frequency.between, documented as how many times a frequency fits between two dates, counts one day, month or quarter too
# many where the span ends after the change in October: it steps in the offset of its start, comes out an hour before the end and takes one
# step more. Valid input: whole days, months and quarters in CET. By hand they are counted by the calendar; the library's own
# Resolution.enumerate yields as many. Spans that end in summer are right. Whoever spreads an amount over the half year's months, or
# makes a position per day of a quarter, divides by one too many: 600 over six months become 85.7 a month.
# Seen 2026-12-01: "P1D 25 to 27 October 3 of 2; P1M July to January 7 of 6; P3M July to January 3 of 2; P1M January to July 6 of 6".
# energy_pipeline/domain/delivery.py guards against it: days are counted as dates, intervals from instants in UTC.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet energyquantified==0.19 pytz==2026.6
found=$(cd "$folder" && venv/bin/python -W ignore - <<'PYTHON'
from energyquantified.time import CET, Frequency, Resolution, get_datetime
said = []
for name, tag, begin, end in (("25 to 27 October", "P1D", (2025, 10, 25), (2025, 10, 27)), ("July to January", "P1M", (2025, 7, 1), (2026, 1, 1)),
                              ("July to January", "P3M", (2025, 7, 1), (2026, 1, 1)), ("January to July", "P1M", (2025, 1, 1), (2025, 7, 1))):
    frequency, first, last = Frequency.by_tag(tag), get_datetime(*begin, tz=CET), get_datetime(*end, tz=CET)
    listed = len(list(Resolution(frequency, CET).enumerate(first, last)))
    said.append(f"{tag} {name} {frequency.between(first, last)} of {listed}")
print("; ".join(said))
PYTHON
)
echo "$found"
test "$found" = "P1D 25 to 27 October 3 of 2; P1M July to January 7 of 6; P3M July to January 3 of 2; P1M January to July 6 of 6" || {
  echo "steps are counted by the calendar now: the note can go"; exit 1; }
