"""Alerts reach a webhook and a mailbox, name day, table and next step, and tell no secret where they do not."""

import json
import socketserver
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from pydantic import SecretStr

from energy_pipeline.fetching.alerts import Alert, ping, send
from energy_pipeline.settings import Settings

ALERT = Alert("tiny: 2026-03-29 is not decided", "2026-03-29", "positions", "energy-pipeline run 2026-03-29", "planted")


@contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def webhook(status=200):
    heard = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.answer()

        def do_GET(self):
            heard.append(self.path)
            self.answer()

        def answer(self):
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_arguments):
            pass

    with serving(HTTPServer(("127.0.0.1", 0), Receiver)) as port:
        yield f"http://127.0.0.1:{port}/hook-0123456789", heard


@contextmanager
def mailbox():
    """As much of a mail server as one message needs."""
    heard = []

    class Receiver(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(b"220 ready\r\n")
            for line in self.rfile:
                word = line.strip().upper()
                if word == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    text = []
                    while (line := self.rfile.readline()) != b".\r\n":
                        text.append(line.decode())
                    heard.append("".join(text))
                self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 yes\r\n")
                if word == b"QUIT":
                    return

    with serving(socketserver.TCPServer(("127.0.0.1", 0), Receiver)) as port:
        yield f"smtp://127.0.0.1:{port}/?from=desk@example.org&to=trader@example.org", heard


def test_an_alert_goes_to_webhook_and_mailbox():
    with webhook() as (url, posted), mailbox() as (address, mailed):
        assert send(Settings(alert_webhook=SecretStr(url), alert_mail=SecretStr(address)), ALERT) == []
    assert posted[0]["day"] == "2026-03-29"
    assert posted[0]["text"] == ALERT.text
    (mail,) = mailed
    assert "Subject: tiny: 2026-03-29 is not decided" in mail
    assert "To: trader@example.org" in mail
    for told in ("Day: 2026-03-29", "Table or step: positions", "Next step: energy-pipeline run 2026-03-29", "planted"):
        assert told in mail


@pytest.mark.parametrize("mail", ["http://user:password-9@mail/", "smtp://user:password-9@127.0.0.1:1/?from=a&to=b", "smtps://u:password-9@h/"])
def test_one_way_that_fails_keeps_the_other_and_tells_no_secret(mail):
    with webhook() as (url, posted):
        (problem,) = send(Settings(alert_webhook=SecretStr(url), alert_mail=SecretStr(mail)), ALERT)
    assert len(posted) == 1
    assert problem.startswith("the alert could not be sent by mail")
    assert "password-9" not in problem


def test_a_webhook_that_refuses_is_told_without_its_address():
    with webhook(500) as (url, _):
        (problem,) = send(Settings(alert_webhook=SecretStr(url)), ALERT)
    assert problem == "the alert could not be sent by webhook: answered with 500 -> look at ENERGY_PIPELINE_ALERT_WEBHOOK"
    assert "hook-0123456789" not in repr(Settings(alert_webhook=SecretStr(url)))


def test_the_ping_asks_a_url_or_writes_a_file(tmp_path):
    with webhook() as (url, heard):
        assert ping(Settings(ping=url)) == []
        assert heard == ["/hook-0123456789"]
    assert ping(Settings(ping=str(tmp_path / "alive" / "desk"))) == []
    assert (tmp_path / "alive" / "desk").read_text(encoding="utf-8").startswith("20")
    (problem,) = ping(Settings(ping=str(tmp_path / "alive" / "desk" / "not-a-folder")))
    assert "ENERGY_PIPELINE_PING" in problem
    assert ping(Settings()) == []
