#!/usr/bin/env bash
# utilsforecast 0.2.17: losses.cfe, the cumulative forecast error, has the sign opposite to its docstring, which says that positive values mean
# a forecast that was too low. Valid input: 100 MW came in each of four hours, once with 90 and once with 110 MW forecast. By the docstring
# the low forecast is +40 and the high one -40; who corrects the position by it doubles the imbalance. `bias`, documented as forecast less
# outcome, keeps to its word, so that of two errors with the same sign one is to be read the other way round.
# Seen 2026-12-01: "too low: cfe -40, bias -10; too high: cfe 40, bias 10".
# energy_pipeline/forecasting/scores.py takes no score from a library: its bias is forecast less outcome and its test says so.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet utilsforecast==0.2.17 pandas==2.3.3
found=$(cd "$folder" && venv/bin/python - <<'PYTHON'
import re
import pandas as pd
from utilsforecast.losses import bias, cfe
rows = pd.DataFrame({"unique_id": "load", "ds": range(4), "y": 100.0, "low": 90.0, "high": 110.0})
promised = " ".join((cfe.__doc__ or "").split())
assert re.search(r"[Pp]ositive values mean under[ -]?forecast", promised), "the docstring reads differently now"
total, mean = (error(rows, ["low", "high"]).iloc[0] for error in (cfe, bias))
print(f"too low: cfe {total['low']:.0f}, bias {mean['low']:.0f}; too high: cfe {total['high']:.0f}, bias {mean['high']:.0f}")
PYTHON
)
echo "$found"
test "$found" = "too low: cfe -40, bias -10; too high: cfe 40, bias 10" || { echo "cfe has another sign now: the note can go"; exit 1; }
