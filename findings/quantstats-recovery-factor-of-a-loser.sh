#!/usr/bin/env bash
# quantstats 0.0.86: recovery_factor takes the absolute value of the total return, so a track that lost money has the same positive factor
# as one that earned as much. Valid input: daily returns 0.1, -0.2, -0.1 and their mirror in the total, 0.1, -0.2, 0.3.
# Seen 2026-11-30: a loss of 20 % and a gain of 20 % in all both show a positive recovery factor; sharpe and calmar keep the sign.
# energy_pipeline/risk/performance.py gives no such factor: the result, the deepest fall and Calmar's ratio stand apart, with signs.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet quantstats==0.0.86
found=$(cd "$folder" && MPLCONFIGDIR="$folder" venv/bin/python -W ignore - <<'PYTHON'
import pandas as pd
import quantstats.stats as stats
days = pd.date_range("2025-01-01", periods=3, freq="D")
for name, returns in (("lost", [0.1, -0.2, -0.1]), ("won", [0.1, -0.2, 0.3])):
    track = pd.Series(returns, index=days)
    print(name, f"{track.sum():+.1f}", "sharpe", "+" if stats.sharpe(track) > 0 else "-", "recovery", "+" if stats.recovery_factor(track) > 0 else "-")
PYTHON
)
echo "$found"
test "$found" = $'lost -0.2 sharpe - recovery +\nwon +0.2 sharpe + recovery +' || { echo "the sign is kept now: the note can go"; exit 1; }
