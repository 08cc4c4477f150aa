#!/usr/bin/env bash
# demandlib 0.2.2: a standard load profile of 2025 (G25, H25, ...) asked for in steps longer than 15 minutes has a wrong last value: the
# quarter hours it averages end with the start of the last step, so that step is its first quarter hour only. The docstring says that
# coarser steps are downsampled. Valid input: Sunday, 12 January 2025, by hours and by blocks of four hours; by hand the mean of the quarter
# hours of the same class. The year's energy and every day asked for alone, as a daily run does, are off by it.
# Seen 2026-11-30: "1 h: 23 of 24 right, the last 58.276 of 57.324; 4 h: 5 of 6 right, the last 74.008 of 64.436".
# energy_pipeline/features/alignment.py guards against it: an hour is the mean of the quarter hours of the whole delivery day, the last too.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet demandlib==0.2.2 pandas==2.3.3 numpy==2.3.5
found=$(cd "$folder" && venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
import pandas as pd
from demandlib.bdew import G25
day = lambda step: pd.date_range("2025-01-12", "2025-01-13", freq=step, inclusive="left")
quarters = np.asarray(G25(day("15min")))
said = []
for hours in (1, 4):
    coarse, by_hand = np.asarray(G25(day(f"{hours}h"))), quarters.reshape(-1, 4 * hours).mean(axis=1)
    assert np.isclose(coarse[-1], quarters[-4 * hours])
    right = int(np.isclose(coarse, by_hand).sum())
    said.append(f"{hours} h: {right} of {coarse.size} right, the last {coarse[-1]:.3f} of {by_hand[-1]:.3f}")
print("; ".join(said))
PYTHON
)
echo "$found"
test "$found" = "1 h: 23 of 24 right, the last 58.276 of 57.324; 4 h: 5 of 6 right, the last 74.008 of 64.436" || {
  echo "the last step is whole now: the note can go"; exit 1; }
