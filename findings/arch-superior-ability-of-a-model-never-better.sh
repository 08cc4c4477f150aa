#!/usr/bin/env bash
# arch 8.0.0: bootstrap.SPA gives the consistent p-value 0 (benchmark beaten) to a model that is never better than the benchmark, where their
# losses differ by nothing or by a constant: no spread, so the statistic is compared with draws all equal to it. Valid input: 200 days of
# losses; a model that falls back to the benchmark every day, and one that loses exactly 1 more every day. Its better_models() says none,
# so the class contradicts itself. By hand neither can beat the benchmark: p = 1. A worse model with any spread gets p = 1 in the upper form.
# Seen 2026-11-30: "same 0.00 (none better), worse by 1 each day 0.00 (none better), worse by 1 or so upper 1.00 (none better)".
# energy_pipeline/mathematics/statistics/comparison.py guards against it: no spread gives 0.5 to equal forecasts, 1 to a worse one.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet arch==8.0.0 pandas==2.3.3 numpy==2.3.5 scipy==1.17.1
found=$(cd "$folder" && venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
from arch.bootstrap import SPA
days = np.random.default_rng(0)
losses = days.normal(size=200) ** 2
said = []
for name, kind, model in (
    ("same", "consistent", losses),
    ("worse by 1 each day", "consistent", losses + 1.0),
    ("worse by 1 or so", "upper", losses + 1.0 + 0.3 * days.normal(size=200)),
):
    test = SPA(losses, model[:, None], reps=200, seed=1)
    test.compute()
    better = len(test.better_models())
    said.append(f"{name}{' upper' * (kind == 'upper')} {test.pvalues[kind]:.2f} ({better or 'none'} better)")
print(", ".join(said))
PYTHON
)
echo "$found"
test "$found" = "same 0.00 (none better), worse by 1 each day 0.00 (none better), worse by 1 or so upper 1.00 (none better)" || {
  echo "no spread is judged otherwise now: the note can go"; exit 1; }
