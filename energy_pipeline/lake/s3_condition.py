"""Putting an object on condition that there is none: the one request that pyarrow cannot make.

What belongs here: that request, and its signature. What does not: any other access to S3 (`s3`).

Source: Amazon S3 API Reference, "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)", and
"Conditional writes" (`If-None-Match: *`: 412 where the object is there, 409 where two writers meet).
"""

from __future__ import annotations

import atexit
import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from energy_pipeline.domain.errors import PipelineError

if TYPE_CHECKING:
    import httpx

CREATED, CONFLICT, THERE = 200, 409, 412
TRIES = 5
TIMEOUT_SECONDS = 60.0


class ObjectStoreError(PipelineError):
    """The object store did not do what was asked."""


@dataclass(frozen=True)
class Keys:
    """Access keys; their secrets are in no text."""

    access: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Keys | None:
        """The keys of the usual AWS_* variables; None where they are not set."""
        access, secret = environment.get("AWS_ACCESS_KEY_ID", ""), environment.get("AWS_SECRET_ACCESS_KEY", "")
        return cls(access, secret, environment.get("AWS_SESSION_TOKEN", "")) if access and secret else None


def put_if_absent(endpoint: str, region: str, key: str, data: bytes, keys: Keys) -> bool:
    """Put `bucket/key`; False where there is such an object.

    Raises
    ------
    ObjectStoreError
        For any other answer, or none.
    """
    import httpx

    path = f"/{quote(key)}"
    url = f"{endpoint.rstrip('/')}{path}"
    for _ in range(TRIES):
        headers = signed(urlsplit(endpoint).netloc, path, region, data, keys, datetime.now(UTC))
        try:
            answer = _client(os.getpid()).put(url, content=data, headers=headers)
        except httpx.HTTPError as error:
            raise ObjectStoreError(f"{url}: {type(error).__name__} -> see whether the object store is reachable, and run again") from error
        if answer.status_code in (CREATED, THERE):
            return answer.status_code == CREATED
        if answer.status_code != CONFLICT:
            break
    text = " ".join(answer.text.split())[:200]
    raise ObjectStoreError(f"{url}: a conditional put was answered with {answer.status_code} {text} -> it needs the right to write")


@cache
def _client(_process: int) -> httpx.Client:
    """One a process: making one costs ten times what a put costs, and a fork must not share its parent's connections."""
    import httpx

    client = httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False)
    atexit.register(client.close)
    return client


def signed(host: str, path: str, region: str, data: bytes, keys: Keys, now: datetime) -> dict[str, str]:
    """Headers of a conditional put, its signature among them."""
    stamp, scope = f"{now:%Y%m%dT%H%M%SZ}", f"{now:%Y%m%d}/{region}/s3/aws4_request"
    headers = {"host": host, "if-none-match": "*", "x-amz-content-sha256": hashlib.sha256(data).hexdigest(), "x-amz-date": stamp}
    headers |= {"x-amz-security-token": keys.token} if keys.token else {}
    names = ";".join(sorted(headers))
    request = "\n".join(["PUT", path, "", *(f"{name}:{headers[name]}" for name in sorted(headers)), "", names, headers["x-amz-content-sha256"]])
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{keys.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    return {**headers, "authorization": f"AWS4-HMAC-SHA256 Credential={keys.access}/{scope}, SignedHeaders={names}, Signature={signature}"}
