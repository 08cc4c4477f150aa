"""Events as a run would record them, for tests of the storage alone."""

from dagster import AssetMaterialization, DagsterEvent, DagsterEventType, EventLogEntry
from dagster._core.events import StepMaterializationData


def materialised(run_id: str, first: int, last: int) -> list[EventLogEntry]:
    """Materialisations number `first` .. `last` - 1 of the asset `table`; the partition names run and number."""
    return [_entry(run_id, number) for number in range(first, last)]


def _entry(run_id: str, number: int) -> EventLogEntry:
    made = AssetMaterialization("table", partition=f"{run_id}-{number}", metadata={"rows": number})
    event = DagsterEvent(DagsterEventType.ASSET_MATERIALIZATION.value, "job", step_key="table", event_specific_data=StepMaterializationData(made, []))
    return EventLogEntry(
        error_info=None,
        level=10,
        user_message="",
        run_id=run_id,
        timestamp=1_700_000_000.0 + number,
        step_key="table",
        job_name="job",
        dagster_event=event,
    )
