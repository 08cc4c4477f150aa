"""Making again what is damaged or missing in the lake.

What belongs here: which flows and days bring it back, and what no run brings back. What does not: finding it (`lake.verify`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from energy_pipeline.lake import Lake
from energy_pipeline.lake.verify import Verdict, set_aside

if TYPE_CHECKING:
    from energy_pipeline.runner.flows import FlowName


@dataclass
class Repair:
    """What is to be done.

    Attributes
    ----------
    again : list of (date, list of flow)
        Days to be made again, ascending, each with its flows in order.
    moved : list of str
        Where files are now that were set aside.
    left : list of str
        What only a person can put right, with the next step.
    """

    again: list[tuple[date, list[FlowName]]] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def prepare(lake: Lake, found: Verdict) -> Repair:
    """Set damaged files of computed tables aside, and say which flows of which days make them again.

    A decision that was sent is not made again, and raw rows and earlier versions come from a backup alone: these are left.
    """
    flows: dict[date, set[str]] = {}
    repair = Repair()
    for bad in found.bad:
        if not bad.is_made_again or not bad.days:
            repair.left.append(str(bad.error))
        elif bad.table.flow == "decide" and lake.decisions().is_frozen(bad.days[0]):
            repair.left.append(f"{bad.error}; the decision was sent: put the file's backup in its place")
        else:
            repair.moved.append(set_aside(lake, bad))
            flows.setdefault(bad.days[0], set()).add(bad.table.flow)
    for flow, day in found.gaps:
        flows.setdefault(day, set()).add(flow)
    order: tuple[FlowName, ...] = ("ingest", "decide", "settle_da", "settle_final")
    repair.again = [(day, [flow for flow in order if flow in flows[day]]) for day in sorted(flows)]
    repair.again = [(day, wanted) for day, wanted in repair.again if wanted]
    return repair
