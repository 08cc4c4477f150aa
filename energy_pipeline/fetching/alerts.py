"""Telling people: an alert by webhook and mail, and the ping whose silence is an alarm.

What belongs here: sending, and what could not be sent. What does not: what is worth an alert (`runner.deadline`,
`orchestration.alarms`).
"""

from __future__ import annotations

import smtplib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.settings import Settings

TIMEOUT_SECONDS = 15.0


class AlertError(PipelineError):
    """An address for alerts is not one."""


@dataclass(frozen=True)
class Alert:
    """Something that somebody must know.

    Attributes
    ----------
    subject : str
        One line.
    day : str
        Delivery day or days.
    table : str
        Table or step; empty where it is about the whole day.
    next_step : str
        What to do now.
    detail : str
        The error's own words.
    """

    subject: str
    day: str
    table: str
    next_step: str
    detail: str = ""

    @property
    def text(self) -> str:
        """The whole alert."""
        lines = [self.subject, f"Day: {self.day}", f"Table or step: {self.table or 'all'}", f"Next step: {self.next_step}", self.detail]
        return "\n".join(line for line in lines if line)


def send(settings: Settings, alert: Alert) -> list[str]:
    """Send an alert wherever the settings say; what could not be sent, in words without any secret."""
    problems = []
    for name, way, to in (("webhook", _post, settings.alert_webhook), ("mail", _mail, settings.alert_mail)):
        if not to:
            continue
        try:
            way(to.get_secret_value(), alert)
        except (PipelineError, OSError, smtplib.SMTPException) as error:
            words = error if isinstance(error, PipelineError) else type(error).__name__  # a mail server's own words may hold the address
            problems.append(f"the alert could not be sent by {name}: {words}")
    return problems


def _post(url: str, alert: Alert) -> None:
    import httpx

    try:
        answer = httpx.post(url, json={"text": alert.text, **asdict(alert)}, timeout=TIMEOUT_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise AlertError(f"no answer, {type(error).__name__} -> look at ENERGY_PIPELINE_ALERT_WEBHOOK") from None
    if answer.status_code >= 300:
        raise AlertError(f"answered with {answer.status_code} -> look at ENERGY_PIPELINE_ALERT_WEBHOOK")


def _mail(url: str, alert: Alert) -> None:
    parts = urlsplit(url)
    said = {name: values[0] for name, values in parse_qs(parts.query).items()}
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or not {"from", "to"} <= said.keys():
        raise AlertError("ENERGY_PIPELINE_ALERT_MAIL is no smtps://user:password@host:465/?from=a@b&to=c@d -> correct it")
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = " ".join(alert.subject.split()), said["from"], said["to"]
    message.set_content(alert.text)
    opened = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
    with opened(parts.hostname, parts.port or 0, timeout=TIMEOUT_SECONDS) as server:
        server.ehlo()
        if parts.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls()
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)


def ping(settings: Settings) -> list[str]:
    """Say that all is well: ask the URL, or write the file, that somebody watches; what went wrong, in words."""
    if not settings.ping:
        return []
    if "://" not in settings.ping:
        path = Path(settings.ping)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{datetime.now(UTC).isoformat()}\n", encoding="utf-8")
        except OSError as error:
            return [f"{path}: {error.strerror} -> correct ENERGY_PIPELINE_PING"]
        return []
    import httpx

    try:
        answer = httpx.get(settings.ping, timeout=TIMEOUT_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return [f"the ping had no answer, {type(error).__name__} -> look at ENERGY_PIPELINE_PING"]
    return [] if answer.status_code < 300 else [f"the ping was answered with {answer.status_code} -> look at ENERGY_PIPELINE_PING"]
