#!/usr/bin/env bash
# great_expectations 1.24.1: Data Docs leave out the page of every validation that ran with result_format BOOLEAN_ONLY and whose suite
# has ExpectTableColumnsToMatchOrderedList. build_data_docs() returns as if all were well; the index lists no page, and only a log line
# names the cause (KeyError: 'observed_value'). With BASIC the page is there. Seen 2026-11-30: "BOOLEAN_ONLY 0 pages, BASIC 1 pages".
# energy_pipeline/lake/audit.py relies on it: the audit stores detailed results, although the quick format would decide the same.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet great_expectations==1.24.1 "pandas<4"
found=$(cd "$folder" && GX_ANALYTICS_ENABLED=false venv/bin/python - 2>/dev/null <<'PYTHON'
import logging, pathlib, tempfile, warnings
warnings.simplefilter("ignore"); logging.disable(logging.CRITICAL)
import great_expectations as gx, pandas as pd

def pages(result_format):
    root = pathlib.Path(tempfile.mkdtemp(dir="."))
    context = gx.get_context(mode="file", project_root_dir=str(root))
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    suite = context.suites.add(gx.ExpectationSuite(name="s", expectations=[gx.expectations.ExpectTableColumnsToMatchOrderedList(column_list=["a"])]))
    data = context.data_sources.add_pandas("p").add_dataframe_asset("t").add_batch_definition_whole_dataframe("all")
    definition = context.validation_definitions.add(gx.ValidationDefinition(name="v", data=data, suite=suite))
    assert definition.run(batch_parameters={"dataframe": pd.DataFrame({"a": [1]})}, result_format=result_format).success
    site = pathlib.Path(context.build_data_docs()["local_site"].removeprefix("file://")).parent
    return len(list(site.glob("validations/**/*.html")))

print(f"BOOLEAN_ONLY {pages('BOOLEAN_ONLY')} pages, BASIC {pages('BASIC')} pages")
PYTHON
)
echo "$found"
[ "$found" = "BOOLEAN_ONLY 0 pages, BASIC 1 pages" ] || { echo "changed: Data Docs now draw a page for BOOLEAN_ONLY results; the audit may use the quick format"; exit 1; }
