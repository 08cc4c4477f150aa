"""The page on live sources is what the connectors say."""

from pathlib import Path

from energy_pipeline.ingestion.connectors import CONNECTORS
from energy_pipeline.ingestion.connectors.page import page

ROOT = Path(__file__).parents[3]


def test_the_page_in_docs_is_the_one_the_connectors_write():
    assert (ROOT / "docs" / "live-sources.md").read_text(encoding="utf-8") == page(CONNECTORS), "run `make docs`"


def test_every_dataset_has_its_evidence_and_a_licence():
    for connector in CONNECTORS.values():
        assert connector.quota.evidence
        for name, dataset in connector.datasets.items():
            assert dataset.known_at.note, name
            assert dataset.licence, name
