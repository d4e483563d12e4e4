"""Real servers for the tests of artifact stores: OpenSSH for SFTP, moto for S3, and a wire that can be cut."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from s3_server import KEY, SECRET

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
SFTP_SERVER = next(
    (path for path in ("/usr/lib/openssh/sftp-server", "/usr/libexec/sftp-server") if os.path.exists(path)), None
)
BUCKET = "store"


@dataclass
class Far:
    """A store on a server: its address, and the environment with the credentials for it."""

    url: str
    environment: Mapping[str, str]
    wrong: Mapping[str, str]
    """Credentials that the server does not accept."""
    wire: Wire
    """What the address leads through."""
    server: subprocess.Popen[bytes] | None = field(default=None, repr=False)


# -- SFTP ---------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def sftp(folder: Path, *, most_kilobytes: int = 0) -> Iterator[Far]:
    """An OpenSSH server of our own, with a key of its own, that gives out what is in the folder.

    Where ``most_kilobytes`` is given, no file may grow larger: to the server that is as a disk that is full.
    """
    assert SSHD and SFTP_SERVER
    keys = folder / "keys"
    keys.mkdir()
    for name in ("host", "user", "stranger"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(keys / name)]
        subprocess.run(command, check=True)
    (keys / "authorized").write_bytes((keys / "user.pub").read_bytes())
    limit = f"trap '' XFSZ; ulimit -f {most_kilobytes * 2}; " if most_kilobytes else ""
    shell = keys / "sftp"
    shell.write_text(f"#!/bin/sh\n{limit}exec {SFTP_SERVER}\n")
    shell.chmod(0o755)
    port = free_port()
    settings = f"""
        Port {port}
        ListenAddress 127.0.0.1
        HostKey {keys / "host"}
        AuthorizedKeysFile {keys / "authorized"}
        PidFile none
        UsePAM no
        StrictModes no
        PasswordAuthentication no
        KbdInteractiveAuthentication no
        PermitRootLogin yes
        MaxStartups 50
        Subsystem sftp {shell}
    """
    (keys / "settings").write_text(settings)
    if os.geteuid() == 0:
        os.makedirs("/run/sshd", exist_ok=True)  # sshd wants to lock itself in there
    server = subprocess.Popen([SSHD, "-D", "-f", keys / "settings", "-E", keys / "log"])
    with ended(server), Wire(port) as wire:
        host_key = (keys / "host.pub").read_text().split()[:2]
        (keys / "known").write_text(f"[127.0.0.1]:{wire.port} {' '.join(host_key)}\n")
        environment = {"FSSPEC_SFTP_KNOWN_HOSTS": str(keys / "known"), "FSSPEC_SFTP_CLIENT_KEYS": str(keys / "user")}
        wrong = environment | {"FSSPEC_SFTP_CLIENT_KEYS": str(keys / "stranger")}
        wait_for(port)
        root = folder / "there"
        root.mkdir()
        yield Far(f"sftp://{getpass.getuser()}@127.0.0.1:{wire.port}{root}", environment, wrong, wire, server)


# -- S3 -----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def s3(*, quota: int = 10**12) -> Iterator[Far]:
    """An S3 server with an empty bucket, which takes so many bytes in all."""
    port = free_port()
    command = [sys.executable, str(Path(__file__).with_name("s3_server.py")), str(port), str(quota)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with ended(server), Wire(port) as wire:
        wait_for(port, seconds=60)
        environment = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{wire.port}",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
        }
        wrong = environment | {"AWS_ACCESS_KEY_ID": "nobody"}
        yield Far(f"s3://{BUCKET}/team/churn", environment, wrong, wire, server)


# -- the wire -----------------------------------------------------------------------------------------------------


class Wire:
    """Passes bytes on to a server. It can be cut: then all connections through it break, and new ones are refused."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._left: int | None = None
        self._cuts = 0
        self._down = False
        self.passed = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_after(self, count: int, times: int = 1) -> None:
        """Break everything after so many bytes; so often, and each time new connections work again."""
        with self._lock:
            self._left, self._every, self._cuts = count, count, times

    def cut(self) -> None:
        """Break everything, and stay broken."""
        self._down = True
        self._break()

    def mend(self) -> None:
        """Work again, as if nothing had been."""
        with self._lock:
            self._down, self._left, self._cuts = False, None, 0

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self._down = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._break()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._down:
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self._to_port))
            except OSError:
                near.close()
                continue
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._sockets |= {near, far}
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                if self._is_over(len(data)):
                    self._break()
                    return
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _is_over(self, count: int) -> bool:
        with self._lock:
            self.passed += count
            if self._left is None:
                return False
            self._left -= count
            if self._left > 0:
                return False
            self._cuts -= 1
            self._left = self._every if self._cuts > 0 else None
            return True

    def _break(self) -> None:
        with self._lock:
            sockets, self._sockets = self._sockets, set()
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


# -- processes ----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def ended(server: subprocess.Popen[bytes]) -> Iterator[None]:
    """The server is ended in the end, whatever happens."""
    try:
        yield
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_for(port: int, seconds: float = 20) -> None:
    """Until somebody listens there."""
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
