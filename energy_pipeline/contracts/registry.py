"""All contracts by name, in flow order.

What belongs here: the lookup. What does not: definitions (`raw`, `derived`).
"""

from __future__ import annotations

from energy_pipeline.contracts.derived import DERIVED_TABLES
from energy_pipeline.contracts.model import Table
from energy_pipeline.contracts.raw import RAW_TABLES

TABLES: dict[str, Table] = {t.name: t for t in (*RAW_TABLES, *DERIVED_TABLES)}


def table(name: str) -> Table:
    """The contract of that name.

    >>> table("positions").stage
    'portfolio'
    """
    try:
        return TABLES[name]
    except KeyError:
        raise KeyError(f"no table {name!r}; known: {', '.join(TABLES)}") from None
