#!/usr/bin/env bash
# rainflow 3.2.0: a series of two points has no half cycle, although the same rise with any point more has one and the docstring counts the
# first and the last point as reversals. Valid input: a store's content at the two ends of a charge, 0 and 1 MWh; ASTM E1049 counts the
# range that remains as one half cycle. Whoever counts day by day from the day's end contents counts no wear at all.
# Seen 2026-11-30: "0 1: none; 0 0.5 1: 0.5 of 1; 0 1 1: 0.5 of 1; 1 0: none".
# energy_pipeline/flexibility/states.py guards against it: cycles are the MWh discharged over the capacity, which adds up over days.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet rainflow==3.2.0
found=$(cd "$folder" && venv/bin/python - <<'PYTHON'
import rainflow
said = []
for content in ([0, 1], [0, 0.5, 1], [0, 1, 1], [1, 0]):
    cycles = ", ".join(f"{count} of {size:g}" for size, count in rainflow.count_cycles(content))
    said.append(f"{' '.join(f'{c:g}' for c in content)}: {cycles or 'none'}")
print("; ".join(said))
PYTHON
)
echo "$found"
test "$found" = "0 1: none; 0 0.5 1: 0.5 of 1; 0 1 1: 0.5 of 1; 1 0: none" || { echo "two points count now: the note can go"; exit 1; }
