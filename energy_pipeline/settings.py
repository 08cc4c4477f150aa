"""Where things are: the desk file, the lake, the user's raw files, the SQL models.

What belongs here: paths and switches from the environment (`ENERGY_PIPELINE_...`), read
when asked and never at import. What does not: anything a desk decides (the desk file).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from energy_pipeline.desk import demo_desk_path

PREFIX = "ENERGY_PIPELINE_"
NAMES = {"warehouse_file": "WAREHOUSE"}
"""Settings whose variable is not called as they are."""


class Settings(BaseModel):
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
    alert_webhook : SecretStr or None
        Where alerts are posted as JSON (`ENERGY_PIPELINE_ALERT_WEBHOOK`).
    alert_mail : SecretStr or None
        Where alerts are mailed (`ENERGY_PIPELINE_ALERT_MAIL`): `smtps://user:password@host:465/?from=a@b&to=c@d`, or `smtp://`.
    ping : str or None
        A URL asked, or a file written, each time a day was decided in time (`ENERGY_PIPELINE_PING`): its silence is the alarm.
    pages : str
        Address under which the folder of the pages is served (`ENERGY_PIPELINE_PAGES`), by `energy-pipeline ui` where nothing else is said:
        Dagster's entry of a day's page links there. Empty: no link.
    broker : SecretStr or None
        The broker of a cluster's workers (`ENERGY_PIPELINE_BROKER`), such as `redis://host:6379/0`.
    label : str or None
        What every run is called (`ENERGY_PIPELINE_LABEL`, a tag in Dagster); commands over many days name their span.
    code_version : str or None
        What `runs` calls the code (`ENERGY_PIPELINE_CODE_VERSION`), for an image without git; None: found out.

    Examples
    --------
    >>> Settings(lake=Path("lake")).warehouse
    PosixPath('lake/warehouse.duckdb')
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    desk: Path | None = None
    lake: Path | str = Path("data_lake")
    data: Path = Path("../shared/data")
    sql: Path | None = None
    warehouse_file: Path | None = None
    schedules: Literal["stopped", "running"] = "stopped"
    hosts: dict[str, str] = Field(default_factory=dict)
    alert_webhook: SecretStr | None = None
    alert_mail: SecretStr | None = None
    ping: str | None = None
    pages: str = "http://127.0.0.1:3001"
    broker: SecretStr | None = None
    label: str | None = None
    code_version: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_environment(cls, given: dict[str, object]) -> dict[str, object]:
        """What is not given is what its variable says, in whatever case that is written."""
        said = {name.upper(): value for name, value in os.environ.items()}
        found = {field: said.get(PREFIX + NAMES.get(field, field.upper())) for field in cls.model_fields}
        return {field: value for field, value in found.items() if value is not None} | given

    @field_validator("hosts", mode="before")
    @classmethod
    def _json(cls, hosts: object) -> object:
        return json.loads(hosts) if isinstance(hosts, str) else hosts

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
