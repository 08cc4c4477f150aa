#!/usr/bin/env bash
# openmeteo-requests 1.7.5: installing it puts urllib3-future's files in the place of urllib3's for the whole environment, while pip
# still lists urllib3 2.5.0 as installed; after it is uninstalled again with what it brought, `import urllib3` finds an empty module.
# Seen 2026-11-30: "before 2.5.0; after 2.25.904, pip says 2.5.0; uninstalled: no version".
# energy_pipeline/ingestion/connectors/open_meteo/parsing.py relies on it: Open-Meteo is read as JSON with the HTTP client at hand.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip() { "$folder/venv/bin/pip" "$@"; }
version() { "$folder/venv/bin/python" -c 'import urllib3; print(getattr(urllib3, "__version__", "no version"))'; }
pip install --quiet urllib3==2.5.0
found="before $(version)"
pip install --quiet openmeteo-requests==1.7.5 niquests==3.21.2 urllib3-future==2.25.904
found="$found; after $(version), pip says $(pip show urllib3 2>/dev/null | sed -n 's/^Version: //p')"
pip uninstall --quiet --yes openmeteo-requests niquests urllib3-future
found="$found; uninstalled: $(version)"
echo "$found"
test "$found" = "before 2.5.0; after 2.25.904, pip says 2.5.0; uninstalled: no version" || { echo "urllib3 stays what it was now: the note can go"; exit 1; }
