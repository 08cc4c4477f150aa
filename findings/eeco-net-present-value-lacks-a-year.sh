#!/usr/bin/env bash
# eeco 0.4.2: metrics.net_present_value leaves out the last year of a flexible load's life. Its docstring calls upgrade_lifetime the number
# of years of operation left. Valid input: 100 a year saved, nothing paid. By hand at no interest: 100 for one year, 1000 for ten; at 5 %
# for two years 100/1.05 + 100/1.05^2 = 185.94. A flexibility that lives for one year is always worth nothing.
# Seen 2026-11-30: "1 year 0.00 of 100.00; 10 years 900.00 of 1000.00; 2 years at 5 % 95.24 of 185.94".
# energy_pipeline/mathematics/stores/value.py discounts each interval from its own end, the last one included.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet eeco==0.4.2
found=$(cd "$folder" && venv/bin/python -W ignore - <<'PYTHON'
from eeco.metrics import net_present_value
said = []
for years, rate, name in ((1, 0.0, "1 year"), (10, 0.0, "10 years"), (2, 0.05, "2 years at 5 %")):
    by_hand = sum(100.0 / (1.0 + rate) ** year for year in range(1, years + 1))
    found = net_present_value(electricity_savings=100.0, upgrade_lifetime=years, interest_rate=rate)
    said.append(f"{name} {found:.2f} of {by_hand:.2f}")
print("; ".join(said))
PYTHON
)
echo "$found"
test "$found" = "1 year 0.00 of 100.00; 10 years 900.00 of 1000.00; 2 years at 5 % 95.24 of 185.94" || {
  echo "the last year counts now: the note can go"; exit 1; }
