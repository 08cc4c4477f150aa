"""Where a table's day lives: atomic Parquet, artefacts of models.

What belongs here: paths, bytes, vintages, versions, compaction.
What does not: what a table means (contracts), how it is computed (the stages), the file that
BI tools read (warehouse), or Dagster.
"""

from energy_pipeline.lake.artefacts import ArtefactStore
from energy_pipeline.lake.errors import DamagedFileError, LakeError, MisplacedFileError, PublishError, SchemaVersionError
from energy_pipeline.lake.store import DayRecord, Lake

__all__ = [
    "ArtefactStore",
    "DamagedFileError",
    "DayRecord",
    "Lake",
    "LakeError",
    "MisplacedFileError",
    "PublishError",
    "SchemaVersionError",
]
