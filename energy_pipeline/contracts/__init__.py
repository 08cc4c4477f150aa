"""Tables as data: what each table of the lake promises.

What belongs here: columns, dtypes, units, keys and physical limits with the reason
beside each, and the pure functions that turn a contract into a Parquet schema or a
list of findings. What does not: reading or writing files, Dagster, running SQL.

One contract drives the Parquet schema, the enforcement before the write, the Great
Expectations suite, the DuckDB comments, the data dictionary and the column schema
shown in Dagster.
"""

from energy_pipeline.contracts.model import Column, Table
from energy_pipeline.contracts.registry import TABLES, table

__all__ = ["TABLES", "Column", "Table", "table"]
