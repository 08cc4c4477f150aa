#!/usr/bin/env bash
# scoringrules 0.10.0: weighted_interval_score without numba (which is an optional dependency) weighs the median itself where its own
# formula has |observation - median|, so the score grows with the level of prices and is negative for negative ones. With numba, and no
# other change, it is right. Valid input: 50 EUR/MWh, median 50, 80 % and 50 % intervals of 40..60 and 45..55, no error at all.
# 0.11.0 (Python 3.12) has the same line. By hand: (0.5*0 + 0.1*20 + 0.25*10) / 2.5 = 1.8.
# Seen 2026-11-30: "numpy 11.80 at 50, -8.20 at -50; numba 1.80 at 50, 1.80 at -50".
# energy_pipeline/forecasting/scores.py takes no score from a library: its tests reckon quantile losses and widths by hand.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet scoringrules==0.10.0 numpy==2.3.5
score() { (cd "$folder" && venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
import scoringrules as sr
half, alpha = np.array([10.0, 5.0]), np.array([0.2, 0.5])
for level in (50.0, -50.0):
    at = np.array([level])
    print(f"{sr.weighted_interval_score(at, at, at[:, None] - half, at[:, None] + half, alpha).item():.2f} at {level:.0f}", end=", " * (level > 0))
PYTHON
) }
found="numpy $(score)"
"$folder/venv/bin/pip" install --quiet numba==0.62.1
found="$found; numba $(score)"
echo "$found"
test "$found" = "numpy 11.80 at 50, -8.20 at -50; numba 1.80 at 50, 1.80 at -50" || { echo "the two forms agree now: the note can go"; exit 1; }
