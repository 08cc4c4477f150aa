"""Events as a run would record them, for tests of the storage alone."""

from dagster import AssetKey, AssetMaterialization, DagsterEvent, DagsterEventType, EventLogEntry
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluation,
    AssetCheckEvaluationPlanned,
    AssetCheckEvaluationTargetMaterializationData,
)
from dagster._core.definitions.partitions.subset import DefaultPartitionsSubset
from dagster._core.events import EventSpecificData, StepMaterializationData


def materialised(run_id: str, first: int, last: int) -> list[EventLogEntry]:
    """Materialisations number `first` .. `last` - 1 of the asset `table`; the partition names run and number."""
    return [_entry(run_id, number) for number in range(first, last)]


def _entry(run_id: str, number: int) -> EventLogEntry:
    made = AssetMaterialization("table", partition=f"{run_id}-{number}", metadata={"rows": number})
    return _of(run_id, number, DagsterEventType.ASSET_MATERIALIZATION, StepMaterializationData(made, []))


def check(day: str, passed: bool | None, run_id: str = "run") -> EventLogEntry:
    """A check of the asset `table` on a partition (none: an empty text) as planned (None) or as made."""
    key = AssetKey("table")
    if passed is None:
        planned = AssetCheckEvaluationPlanned(asset_key=key, check_name="right", partitions_subset=DefaultPartitionsSubset({day}) if day else None)
        return _of(run_id, 0, DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED, planned)
    target = AssetCheckEvaluationTargetMaterializationData(storage_id=7, run_id="run", timestamp=1.0) if passed else None
    made = AssetCheckEvaluation(
        asset_key=key, check_name="right", passed=passed, metadata={}, target_materialization_data=target, partition=day or None
    )
    return _of(run_id, 1, DagsterEventType.ASSET_CHECK_EVALUATION, made)


def _of(run_id: str, number: int, kind: DagsterEventType, said: EventSpecificData) -> EventLogEntry:
    event = DagsterEvent(kind.value, "job", step_key="table", event_specific_data=said)
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
