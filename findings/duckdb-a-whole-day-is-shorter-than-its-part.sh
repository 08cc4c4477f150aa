#!/usr/bin/env bash
# duckdb 2.0.0: in a session zone with summer time the difference of two TIMESTAMPTZ counts elapsed hours up to the last instant of the day
# of the change and then turns to "1 day", which epoch() takes for 24 hours: on the day of 25 hours the whole day is shorter than its first
# 24:45 hours, and its quarter hours sum to more than the whole. Valid input: Sunday, 26 October 2025 in Berlin, 22:00Z to 23:00Z a day
# later. Of 45 minutes in the doubled hour age() makes minus one month and 30 days. The difference of the epochs is right throughout.
# Seen 2026-11-30: "25 hours: 24; 24.75 hours: 24.75; its hundred quarters: 25; of epochs: 25; age of 45 minutes: -1 month 30 days 23:45:00".
# energy_pipeline/domain/delivery.py guards against it: the length of a day and its number of intervals come from instants in UTC, in Python.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet duckdb==2.0.0
found=$(cd "$folder" && venv/bin/python - <<'PYTHON'
import duckdb
con = duckdb.connect()
con.execute("SET TimeZone = 'Europe/Berlin'")
con.execute("""CREATE TABLE day AS SELECT step, to_timestamp(epoch(TIMESTAMPTZ '2025-10-25 22:00:00+00') + 900 * step) AS t
               FROM range(101) AS steps(step)""")  # the hundred starts of its quarter hours and its end, by seconds
hours = lambda sql: f"{con.execute(sql).fetchone()[0] / 3600.0:g}"
print(
    "25 hours: " + hours("SELECT epoch(max(t) - min(t)) FROM day"),
    "24.75 hours: " + hours("SELECT epoch(max(t) - min(t)) FROM day WHERE step < 100"),
    "its hundred quarters: " + hours("SELECT sum(epoch(after - t)) FROM (SELECT t, lead(t) OVER (ORDER BY step) AS after FROM day)"),
    "of epochs: " + hours("SELECT epoch(max(t)) - epoch(min(t)) FROM day"),
    "age of 45 minutes: "  # 02:30 summer time to 02:15 winter time
    + con.execute("SELECT CAST(age(TIMESTAMPTZ '2025-10-26 01:15:00+00', TIMESTAMPTZ '2025-10-26 00:30:00+00') AS VARCHAR)").fetchone()[0],
    sep="; ",
)
PYTHON
)
echo "$found"
test "$found" = "25 hours: 24; 24.75 hours: 24.75; its hundred quarters: 25; of epochs: 25; age of 45 minutes: -1 month 30 days 23:45:00" || {
  echo "differences are elapsed time now: the note can go"; exit 1; }
