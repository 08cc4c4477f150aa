"""The graph as data, and the file it is compared with.

After an intended change: `python -m energy_pipeline_tests.orchestration.graph_snapshot`, and read the diff.
"""

import json
from pathlib import Path

import dagster as dg

from energy_pipeline.definitions import build_definitions
from energy_pipeline.desk import demo_desk_path
from energy_pipeline.settings import Settings

FILE = Path(__file__).with_name("graph.json")


def edge(dep: dg.AssetDep) -> str:
    mapping = dep.partition_mapping
    if isinstance(mapping, dg.TimeWindowPartitionMapping):
        return f"{dep.asset_key.to_user_string()} [D{mapping.start_offset:+d}..D{mapping.end_offset:+d}]"
    return dep.asset_key.to_user_string()


def graph() -> dict[str, object]:
    definitions = build_definitions(settings=Settings(desk=demo_desk_path()))
    specs = {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}
    checks: dict[str, list[str]] = {}
    for key in definitions.resolve_asset_graph().asset_check_keys:
        checks.setdefault(key.asset_key.to_user_string(), []).append(key.name)
    flows = [job.name for job in definitions.jobs or []]
    return {
        "assets": {
            name: {
                "group": spec.group_name,
                "kinds": sorted(spec.kinds),
                "owners": list(spec.owners),
                "partitioned": spec.partitions_def is not None,
                "deps": sorted(edge(dep) for dep in spec.deps),
                "checks": sorted(checks.get(name, [])),
                "columns": "dagster/column_schema" in spec.metadata,
            }
            for name, spec in sorted(specs.items())
        },
        "jobs": {name: sorted(node.name for node in definitions.resolve_job_def(name).graph.nodes) for name in flows},
        "schedules": {
            s.name: {"job": s.job_name, "cron": s.cron_schedule, "zone": s.execution_timezone, "status": s.default_status.value}
            for s in definitions.schedules or []
        },
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(graph(), indent=1) + "\n", encoding="utf-8")
