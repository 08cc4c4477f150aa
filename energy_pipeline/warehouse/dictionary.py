"""The data dictionary with the marts: `python -m energy_pipeline.warehouse.dictionary > docs/data-dictionary.md`.

What belongs here: putting contracts and the SQL project's descriptions together. What
does not: the text of either.
"""

from __future__ import annotations

import sys

from energy_pipeline.contracts.dictionary import data_dictionary
from energy_pipeline.warehouse.sql_project import SqlProject


def full_dictionary(project: SqlProject) -> str:
    """The page with lake tables and marts."""
    return data_dictionary({name: (mart.description, mart.columns) for name, mart in project.marts.items()})


if __name__ == "__main__":
    sys.stdout.write(full_dictionary(SqlProject(sys.argv[1] if len(sys.argv) > 1 else "dbt_like_sql")))
