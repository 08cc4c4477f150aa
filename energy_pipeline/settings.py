"""Where things are: the desk file, the lake, the user's raw files, the SQL models.

What belongs here: paths and switches from the environment (`ENERGY_PIPELINE_...`), read
when asked and never at import. What does not: anything a desk decides (the desk file).
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from energy_pipeline.desk import demo_desk_path


class Settings(BaseSettings):
    """Paths and switches of one installation.

    Attributes
    ----------
    desk : Path or None
        The desk file; None is the demo desk (`ENERGY_PIPELINE_DESK`).
    lake : Path or str
        Root of the lake (`ENERGY_PIPELINE_LAKE`): a folder, or `s3://bucket/prefix`.
    data : Path
        Folder of the raw files a desk file names (`ENERGY_PIPELINE_DATA`).
    sql : Path or None
        Folder of the SQL models; None looks beside the package, then inside it.
    warehouse_file : Path or None
        The DuckDB file (`ENERGY_PIPELINE_WAREHOUSE`); None is `warehouse.duckdb` in the lake.
    schedules : str
        Whether schedules start switched on (`ENERGY_PIPELINE_SCHEDULES=running`).
    hosts : dict of str to str
        Addresses instead of a source's own, by `source` or `source.host` (`ENERGY_PIPELINE_HOSTS`, JSON): a mirror, a test server.
    code_version : str or None
        What `runs` calls the code (`ENERGY_PIPELINE_CODE_VERSION`), for an image without git; None: found out.

    Examples
    --------
    >>> Settings(lake=Path("lake")).warehouse
    PosixPath('lake/warehouse.duckdb')
    """

    model_config = SettingsConfigDict(env_prefix="ENERGY_PIPELINE_", frozen=True, populate_by_name=True)

    desk: Path | None = None
    lake: Path | str = Path("data_lake")
    data: Path = Path("../shared/data")
    sql: Path | None = None
    warehouse_file: Path | None = Field(None, validation_alias="ENERGY_PIPELINE_WAREHOUSE")
    schedules: Literal["stopped", "running"] = "stopped"
    hosts: dict[str, str] = Field(default_factory=dict)
    code_version: str | None = None

    @field_validator("lake")
    @classmethod
    def _folder_or_url(cls, root: Path | str) -> Path | str:
        return root if "://" in str(root) else Path(root)

    @classmethod
    def load(cls) -> Settings:
        """The settings of the environment as it is now."""
        return cls()

    @property
    def desk_path(self) -> Path:
        """The desk file in use."""
        return self.desk or demo_desk_path()

    @property
    def warehouse(self) -> Path:
        """The DuckDB file BI tools read: always local, in `data_lake` when the lake is on S3."""
        folder = self.lake if isinstance(self.lake, Path) else Path("data_lake")
        return self.warehouse_file or folder / "warehouse.duckdb"

    @property
    def sql_root(self) -> Path:
        """Folder of the SQL models: a clone has it at its root, a wheel inside the package."""
        package = Path(__file__).resolve().parent
        beside, inside = package.parent / "dbt_like_sql", package / "_dbt_like_sql"
        return self.sql or (beside if beside.is_dir() else inside)
