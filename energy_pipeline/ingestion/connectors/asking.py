"""What is wrong with a question, whatever the source.

What belongs here: checks of a desk's entry against a source's list of datasets. What does not: what one source alone refuses.
"""

from __future__ import annotations

from collections.abc import Mapping

from energy_pipeline.ingestion.connectors.contract import Asked, Dataset


def misuse(datasets: Mapping[str, Dataset], asked: Asked) -> list[str]:
    """Mistakes in words: no such dataset, another table, an option or a key that is not known."""
    dataset = datasets.get(asked.dataset)
    if dataset is None:
        return [f"dataset {asked.dataset!r} is unknown; one of: {', '.join(datasets)}"]
    found = [] if dataset.table == asked.table else [f"dataset {asked.dataset} fills {dataset.table}, not {asked.table}"]
    found += [f"key {name!r} is missing" for name in dataset.key if name not in dict(asked.key)]
    known = ", ".join(dataset.options) or "none"
    return found + [f"option {name!r} is unknown; one of: {known}" for name, _ in asked.options if name not in dataset.options]
