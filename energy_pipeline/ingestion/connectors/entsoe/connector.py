"""The ENTSO-E connector: requests out, answers read.

What belongs here: what is asked, and what an answer is before its document is read. What does not: documents
(`documents`, `outages`), selection (`selection`), facts (`datasets`, `areas`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

from energy_pipeline.ingestion.connectors.contract import (
    Answer,
    AnswerError,
    Asked,
    Changed,
    Credential,
    Dataset,
    NotYet,
    Pairs,
    Parsed,
    Quota,
    Refused,
    Request,
    Unavailable,
    shown,
    status_outcome,
)
from energy_pipeline.ingestion.connectors.entsoe import documents, outages
from energy_pipeline.ingestion.connectors.entsoe.areas import AREAS, BY_CODE, EIC, Area
from energy_pipeline.ingestion.connectors.entsoe.datasets import ITEMS
from energy_pipeline.ingestion.connectors.entsoe.selection import rows_of

TOKEN = "entsoe_token"  # noqa: S105 - the name under which the secret is looked up
_SPAN = ("periodStart", "periodEnd")


class Entsoe:
    """ENTSO-E Transparency's interface of documents."""

    source = "entsoe"
    hosts: Mapping[str, str] = {"api": "https://web-api.tp.entsoe.eu"}
    quota = Quota(
        windows=((380, 60.0),),
        ban_seconds=600.0,
        evidence="400 requests a minute per address and token, then a ban of ten minutes; 20 kept back for other users of the address",
    )
    credentials: Mapping[str, Credential] = {TOKEN: Credential(TOKEN, "securityToken")}
    datasets: Mapping[str, Dataset] = {name: item.dataset for name, item in ITEMS.items()}

    def problems(self, asked: Asked) -> list[str]:
        """What of the entry cannot be served, in words."""
        dataset = self.datasets.get(asked.dataset)
        if dataset is None:
            return [f"dataset {asked.dataset!r} is unknown; one of: {', '.join(self.datasets)}"]
        found = []
        if dataset.table != asked.table:
            found.append(f"dataset {asked.dataset} fills {dataset.table}, not {asked.table}")
        found += [f"option {name!r} is unknown; one of: {', '.join(dataset.options)}" for name, _ in asked.options if name not in dataset.options]
        if _area(asked) is None:
            found.append(f"no area is known for zone {dict(asked.key).get('zone')!r} -> give `area`: an EIC code or one of {', '.join(AREAS)}")
        return found

    def subject(self, asked: Asked) -> Pairs:
        """Area, and for prices auction, contract, currency and resolution."""
        area = _area(asked)
        key = {"area": area.code if area else ""}
        if asked.dataset == "prices":
            key |= {name: asked.option(name, default) for name, default in (("sequence", "1"), ("contract", "A01"), ("currency", "EUR"))}
            key |= {"resolution": asked.option("resolution")} if asked.option("resolution") else {}
        return tuple(key.items())

    def requests(self, asked: Asked, first_day: date, last_day: date) -> list[Request]:
        """The fewest requests: a year of prices at once, months of everything else."""
        item, key, span = ITEMS[asked.dataset], self.subject(asked), asked.span(first_day, last_day)
        facts = dict(key)
        params = [("documentType", item.document), *([("processType", item.process)] if item.process else [])]
        params += [(name, facts["area"]) for name in item.domain]
        if asked.dataset == "prices":
            params.append(("contract_MarketAgreement.type", facts["contract"]))
            if BY_CODE.get(facts["area"], Area("")).sequence or facts["contract"] != "A01":
                params.append(("classificationSequence_AttributeInstanceComponent.position", facts["sequence"]))
        return [
            Request(self.source, asked.dataset, key, start, end, "/api", (*params, *_span(start, end)), credential=TOKEN)
            for start, end in item.dataset.span.cut(*span)
        ]

    def again(self, request: Request, start: datetime, end: datetime) -> Request | None:
        """The same question for a shorter span."""
        params = tuple(p for p in request.params if p[0] not in _SPAN)
        return replace(request, start=start, end=end, params=(*params, *_span(start, end)))

    def parse(self, answer: Answer) -> Parsed:
        """Rows, or what the answer says instead."""
        outcome = status_outcome(answer)
        if outcome is not None:
            return outcome
        try:
            return self._document(answer)
        except AnswerError as error:
            return Changed(f"{answer.request.dataset}: {error}")

    def _document(self, answer: Answer) -> Parsed:
        head = answer.body[:512].lstrip().lower()
        if head.startswith(b"pk"):
            return outages.parse(answer, _zone_of(answer))
        if head.startswith((b"<!doctype html", b"<html")):
            return Unavailable(f"HTTP {answer.status} with a web page: {shown(answer.body)}")
        document = documents.read(answer.body)
        if document.kind == "Acknowledgement_MarketDocument":
            return _acknowledged(document.reasons(), answer)
        if answer.status != 200:
            raise AnswerError(f"HTTP {answer.status} with a {document.kind}")
        if answer.request.dataset == "outages":
            raise AnswerError(f"a {document.kind} where a zip of notices was expected")
        return rows_of(ITEMS[answer.request.dataset], answer, document)


def _acknowledged(reasons: list[str], answer: Answer) -> Parsed:
    """What an Acknowledgement means: its status says nothing, its text does."""
    text = "; ".join(reasons)
    if re.search(r"no matching data found", text, re.IGNORECASE):
        return NotYet(text)
    if re.search(r"larger than maximum allowed period|exceeds the allowed maximum", text, re.IGNORECASE):
        return Refused(text, split=True)
    if answer.status == 200 and not text:
        raise AnswerError("an Acknowledgement without a reason")
    return Refused(text or f"HTTP {answer.status} without a reason")


def _span(start: datetime, end: datetime) -> Pairs:
    """Start and end as parameters; a span that does not begin on a minute is widened to it."""
    end = end if end == end.replace(second=0, microsecond=0) else end + timedelta(minutes=1)
    return tuple((name, f"{moment:%Y%m%d%H%M}") for name, moment in zip(_SPAN, (start, end), strict=True))


def _area(asked: Asked) -> Area | None:
    name = asked.option("area", dict(asked.key).get("zone", ""))
    if name in AREAS:
        return AREAS[name]
    return BY_CODE.get(name, Area(name, asked.time_zone)) if re.fullmatch(EIC, name) else None


def _zone_of(answer: Answer) -> str:
    return BY_CODE.get(dict(answer.request.key)["area"], Area("")).time_zone


ENTSOE = Entsoe()
"""The connector."""
