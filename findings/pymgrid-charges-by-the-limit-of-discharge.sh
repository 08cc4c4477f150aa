#!/usr/bin/env bash
# pymgrid 1.2.2: a battery's normalised action, the form an agent acts in, has the two limits the wrong way round: the end that charges reaches
# max_discharge and the end that discharges asks for max_charge. max_charge is documented as the most that can be charged in one step, and a
# normalised action as running from one end to the other of what can be done. Valid input: 500 of 1000 kWh, 100 kWh of charge and 50 of
# discharge a step, no losses. By hand the full charging action charges 100. It charges 50, as no action can do better; half of the actions that
# discharge are cut off and all alike. The same step told in kWh charges 100. The best schedule an agent learns is that of another battery.
# Seen 2026-12-01: "full charge 50 of 100 kWh, in kWh 100; discharge at 1/2 of the way 50 of 25 kWh, in full 50 of 50".
# energy_pipeline/flexibility/states.py guards against the kind: charge and discharge are MW of their own, each within its own limit.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet pymgrid==1.2.2 numpy==1.26.4 pandas==2.3.3 scipy==1.17.1
found=$(cd "$folder" && venv/bin/python -W ignore - 2>/dev/null <<'PYTHON'
import numpy as np
from pymgrid.modules import BatteryModule
def moved(action, normalized):
    battery = BatteryModule(min_capacity=0, max_capacity=1000, max_charge=100, max_discharge=50, efficiency=1.0, init_charge=500)
    battery.step(np.array([action]), normalized=normalized)
    return battery.current_charge - 500
rest = BatteryModule(min_capacity=0, max_capacity=1000, max_charge=100, max_discharge=50, efficiency=1.0, init_charge=500)
nothing = float(np.ravel(rest.action_space.normalize(np.array([0.0])))[0])
print(f"full charge {moved(0.0, True):g} of 100 kWh, in kWh {moved(-100.0, False):g}; "
      f"discharge at 1/2 of the way {-moved((nothing + 1.0) / 2, True):g} of 25 kWh, in full {-moved(1.0, True):g} of 50")
PYTHON
)
echo "$found"
test "$found" = "full charge 50 of 100 kWh, in kWh 100; discharge at 1/2 of the way 50 of 25 kWh, in full 50 of 50" || {
  echo "each way has its own limit now: the note can go"; exit 1; }
