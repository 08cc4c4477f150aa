"""Sources that answer over the network: one connector each, by the name the desk file gives.

What belongs here: the list. What does not: sending (`energy_pipeline.fetching`), what a connector is (`contract`).
"""

from __future__ import annotations

from energy_pipeline.domain.errors import SourceError
from energy_pipeline.ingestion.connectors.caiso import CAISO
from energy_pipeline.ingestion.connectors.contract import Asked, Connector
from energy_pipeline.ingestion.connectors.elexon import ELEXON
from energy_pipeline.ingestion.connectors.energy_charts import ENERGY_CHARTS
from energy_pipeline.ingestion.connectors.entsoe import ENTSOE
from energy_pipeline.ingestion.connectors.ercot import ERCOT
from energy_pipeline.ingestion.connectors.open_meteo import OPEN_METEO
from energy_pipeline.ingestion.connectors.smard import SMARD

CONNECTORS: dict[str, Connector] = {connector.source: connector for connector in (ENTSOE, ENERGY_CHARTS, SMARD, OPEN_METEO, ELEXON, ERCOT, CAISO)}
"""Every connector by its source's name."""


def connector_of(source: str) -> Connector:
    """The connector of a source.

    Raises
    ------
    SourceError
        When there is none of that name.
    """
    if source not in CONNECTORS:
        raise SourceError(f"no connector for source {source!r} -> one of: {', '.join(CONNECTORS)}")
    return CONNECTORS[source]


def licence_of(source: str, asked: Asked) -> str:
    """Under which terms a series of a source may be used; where a source has terms by zone, those of the zone."""
    return ENERGY_CHARTS.licence(asked) if source == ENERGY_CHARTS.source else connector_of(source).datasets[asked.dataset].licence
