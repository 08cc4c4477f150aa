#!/usr/bin/env bash
# demandlib 0.2.2: making a BDEW standard load profile turns every later warning of the whole process, of any library, into an error.
# Valid input: the profiles of the year 2025, nothing else. A solver's or a forecast's harmless warning then ends the run, and where it
# ends depends on whether a profile was asked for before. No docstring of demandlib says so.
# Seen 2026-11-30: "before: warns; after: raises RuntimeWarning".
# energy_pipeline/forecasting/sarimax.py guards against the kind: filters are set inside warnings.catch_warnings() only, and end with it.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet demandlib==0.2.2 pandas==2.3.3 numpy==2.3.5
found=$(cd "$folder" && venv/bin/python - 2>/dev/null <<'PYTHON'
import numpy as np
from demandlib import bdew

def said():
    try:
        np.divide(np.ones(1), np.zeros(1))  # numpy warns of it and gives inf
        return "warns"
    except Warning as warning:
        return f"raises {type(warning).__name__}"

before = said()
profiles = bdew.ElecSlp(2025).get_profiles("h0", "g0")
assert abs(profiles.sum() - 1.0).max() < 1e-9
print(f"before: {before}; after: {said()}")
PYTHON
)
echo "$found"
test "$found" = "before: warns; after: raises RuntimeWarning" || { echo "warnings stay warnings now: the note can go"; exit 1; }
