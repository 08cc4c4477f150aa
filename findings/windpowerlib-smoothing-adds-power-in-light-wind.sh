#!/usr/bin/env bash
# windpowerlib 0.2.2: smooth_power_curve sums a normal density at fixed steps of 0.5 m/s and does not divide by the weights' sum, so a curve
# gains or loses power where the deviation (turbulence times speed) is smaller than a step. Valid input: a turbine that gives 1 W at every
# speed; its mean over any spread is 1 W. At 5 % turbulence, as over the open sea, it gives a third more at 3 m/s and twice as much at 2 m/s.
# By hand at 2 m/s: 0.5 / (0.1 * sqrt(2 pi)) = 1.995, its one weight. Seen 2026-11-30: "2 m/s 1.995, 3 m/s 1.340, 4 m/s 1.085, 8 m/s 1.000".
# energy_pipeline/mathematics/windpower/smoothing.py guards against it: the mean of the straight pieces is taken in closed form.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet windpowerlib==0.2.2 pandas==2.3.3 numpy==2.3.5
found=$(cd "$folder" && venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
import pandas as pd
from windpowerlib.power_curves import smooth_power_curve
smooth = smooth_power_curve(pd.Series(np.arange(26.0)), pd.Series(np.ones(26)), turbulence_intensity=0.05).set_index("wind_speed")["value"]
print(", ".join(f"{speed:.0f} m/s {smooth.loc[speed]:.3f}" for speed in (2.0, 3.0, 4.0, 8.0)))
PYTHON
)
echo "$found"
test "$found" = "2 m/s 1.995, 3 m/s 1.340, 4 m/s 1.085, 8 m/s 1.000" || { echo "the weights sum to one now: the note can go"; exit 1; }
