"""The page on live sources, written from the connectors: what each serves, since when a row may be known, and its limits.

What belongs here: Markdown from the connectors' own facts. What does not: facts.
"""

from __future__ import annotations

from collections.abc import Mapping

from energy_pipeline.desk.sources import KnownAt
from energy_pipeline.ingestion.connectors.contract import Connector, Dataset

HEAD = """# Live sources

Written by `make docs` from the connectors; do not edit.

A series under `sources.live` of the desk file is fetched over the network, and read from the archive of answers alone:

    energy-pipeline fetch --desk desk.yaml                 what the next decision needs
    energy-pipeline fetch 2025-10-01..2025-10-31 --desk desk.yaml
    energy-pipeline replay --desk desk.yaml                parse every answer again; what differs from the lake
    energy-pipeline doctor --desk desk.yaml --online       per series: configured, reachable, last value, quota left

Ingest fetches by itself. A shipped desk shows all keys: `energy_pipeline/desk/present.yaml` (DE-LU and FR).

- Each answer is kept as it came below `00_answers/` of the lake before anything reads it, with its request and the instant of
  receipt. Nothing there is ever changed, so any parser can read the past again.
- Almost no source says when a value was first known. `known_at` of a row is therefore our first sighting, and never earlier
  than the source's publication rule (`source` ends on `;seen`); for what was first seen long after the rule, the rule's instant
  (`;rule`); where a source tells it for each row, what it tells (`;told`). A value that differs later is a new row with a later
  `known_at`.
- Tokens come from the environment (`ENERGY_PIPELINE_ENTSOE_TOKEN`) or the file that `ENERGY_PIPELINE_SECRETS` names, which only
  its owner may read (`entsoe_token=...`). They stand in no file, log, event or page. Without a token the second source answers.
- `second:` names a source that fills what the first does not have; rows say which one they are from.
- `ENERGY_PIPELINE_HOSTS` (JSON) replaces addresses, for a mirror or a test server: `{"entsoe.api": "http://127.0.0.1:8000"}`.
"""


def page(connectors: Mapping[str, Connector]) -> str:
    """The whole page."""
    return "\n".join([HEAD, *(line for connector in connectors.values() for line in _connector(connector))]).rstrip() + "\n"


def _connector(connector: Connector) -> list[str]:
    quota = ", ".join(f"{weight:g} in {seconds:g} s" for weight, seconds in connector.quota.windows)
    gap = f", {connector.quota.gap_seconds:g} s between two" if connector.quota.gap_seconds else ""
    keys = ", ".join(f"`{c.name}`" for c in connector.credentials.values()) or "none"
    lines = [f"## {connector.source}", "", f"Token: {keys}. Limits kept: {quota}{gap} ({connector.quota.evidence}).", ""]
    lines += ["| dataset | table | key | longest request | earliest `known_at` of a row | still revised | options |", "|---|---|---|---|---|---|---|"]
    return [*lines, *(_dataset(name, dataset) for name, dataset in connector.datasets.items()), "", *_licences(connector), ""]


def _dataset(name: str, dataset: Dataset) -> str:
    known = "our first sighting only" if dataset.seen_only else f"{rule_text(dataset.known_at)} ({dataset.known_at.basis}: {dataset.known_at.note})"
    options = "; ".join(f"`{key}`: {text}" for key, text in dataset.options.items()) or "-"
    span = f"{dataset.span.count} {dataset.span.unit}"
    return f"| `{name}` | `{dataset.table}` | {', '.join(dataset.key)} | {span} | {known} | {dataset.revised_days or 0} days | {options} |"


def rule_text(rule: KnownAt) -> str:
    """A publication rule in words.

    >>> rule_text(KnownAt(anchor="delivery_day", days=-1, at="13:00", basis="evidence"))
    'delivery day -1 at 13:00'
    """
    words = [(rule.column or "").replace("_", " ") if rule.anchor == "column" else rule.anchor.replace("_", " ")]
    words += [f"{rule.days:+d}"] if rule.days else []
    words += [f"{rule.business_days:+d} business days"] if rule.business_days else []
    words += [f"at {rule.at:%H:%M}"] if rule.at else []
    words += [f"{rule.minutes:+d} min"] if rule.minutes else []
    return " ".join(words)


def _licences(connector: Connector) -> list[str]:
    texts = dict.fromkeys(d.licence for d in connector.datasets.values() if d.licence)
    return [f"Licence: {text}." for text in texts]
