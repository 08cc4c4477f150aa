#!/usr/bin/env bash
# duckdb 2.0.0: date_trunc('hour', ...) of a TIMESTAMPTZ in a session zone that sets its clocks back gives the second hour 02:00 for
# quarter hours of both. Valid input: the 100 quarter hours of Sunday, 26 October 2025 in Berlin. 00:15Z becomes 01:00Z, which is later
# than itself; date_trunc('minute', ...) and time_bucket(..., 'Europe/Berlin') keep the two hours apart, so the parts do not agree.
# Seen 2026-11-30: "trunc 24 hours, the longest 8 quarters, 4 after themselves; bucket 25 hours, the longest 4, 0 after themselves".
# energy_pipeline/warehouse guards against it: the SQL of dbt_like_sql truncates dates only (delivery_day, result_day), never a time.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet duckdb==2.0.0 pytz==2025.2
found=$(cd "$folder" && venv/bin/python - <<'PYTHON'
import duckdb
con = duckdb.connect()
con.execute("SET TimeZone = 'Europe/Berlin'")
con.execute("""CREATE TABLE quarters AS SELECT to_timestamp(epoch(TIMESTAMPTZ '2025-10-25 22:00:00+00') + 900 * step) AS t
               FROM range(100) AS steps(step)""")  # from the day's first instant on, by seconds: no calendar takes part
said = []
for name, hour in (("trunc", "date_trunc('hour', t)"), ("bucket", "time_bucket(INTERVAL 1 HOUR, t, 'Europe/Berlin')")):
    hours, longest = con.execute(f"SELECT count(*), max(n) FROM (SELECT {hour} AS h, count(*) AS n FROM quarters GROUP BY h)").fetchone()
    later = con.execute(f"SELECT count(*) FROM quarters WHERE {hour} > t").fetchone()[0]
    said.append(f"{name} {hours} hours, the longest {longest}{' quarters' * (name == 'trunc')}, {later} after themselves")
print("; ".join(said))
PYTHON
)
echo "$found"
test "$found" = "trunc 24 hours, the longest 8 quarters, 4 after themselves; bucket 25 hours, the longest 4, 0 after themselves" || {
  echo "the two hours are kept apart now: SQL may truncate hours"; exit 1; }
