"""The data dictionary with marts and dimensions.

What belongs here: putting contracts and the SQL project's descriptions together. What
does not: the text of either.
"""

from __future__ import annotations

from energy_pipeline.contracts.dictionary import Mart, data_dictionary
from energy_pipeline.contracts.dimensions import DIMENSIONS
from energy_pipeline.contracts.sql import column_comment
from energy_pipeline.warehouse.dimensions import dimension_comment
from energy_pipeline.warehouse.generated import COPIES
from energy_pipeline.warehouse.sql_project import SqlModel, SqlProject


def full_dictionary(project: SqlProject) -> str:
    """The page with lake tables, marts and dimensions."""
    dimensions = {dim.name: (dimension_comment(dim), {c.name: column_comment(c) for c in dim.columns}) for dim in DIMENSIONS.values()}
    return data_dictionary({name: _told(mart) for name, mart in project.marts.items()} | dimensions)


def _told(mart: SqlModel) -> Mart:
    """A mart that copies a table needs no second list of its columns."""
    if mart.path.parent.name == COPIES:
        return f"{mart.description} Column for column the table `{mart.name}`.", {}
    return mart.description, mart.columns
