"""The record of what decide(D) was allowed to read.

What belongs here: the `information_set` table from an `InformationSet`. What does not:
the cut itself (domain.information) or late rules (lateness).
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from energy_pipeline.contracts import table as contract_of
from energy_pipeline.contracts.raw import RAW_TABLES
from energy_pipeline.information.archive import InformationSet


def information_record(info: InformationSet, statuses: Mapping[str, Mapping[str, str]]) -> pl.DataFrame:
    """Rows of `information_set`: a content hash per raw table, series and month.

    Parameters
    ----------
    info : InformationSet
    statuses : mapping of raw table to mapping of series to status
        As `effective_decision_time` gives them; the others are on_time.
    """
    contract = contract_of("information_set")
    parts = [info.record(t.name, statuses.get(t.name)) for t in RAW_TABLES]
    return pl.concat([contract.frame(), *parts]).sort(contract.sort_key, maintain_order=True)
