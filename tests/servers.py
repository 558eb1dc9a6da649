"""Real servers and proxies as Debian ships them: found, set up on free loopback ports, and ended."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

import pytest
import trustme
from wire import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typing_extensions import Self

REQUIRED = "INFOSECOPS_REQUIRE_SERVERS"
PLACES = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/usr/lib/squid"])
STARTS_MAX = 3
PAUSE = 0.01


def program(name: str) -> str:
    """Where a program is. Without it the test is skipped, or fails where the programs must be there."""
    found = shutil.which(name, path=PLACES)
    if found is None and os.environ.get(REQUIRED):
        pytest.fail(f"{name} is not installed, and {REQUIRED} is set")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def free_port() -> int:
    """A port where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path
    both: Path


class Authority:
    """A private certificate authority whose files lie in a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._issuer = trustme.CA()
        self._count = 0
        self.file = directory / "ca.pem"
        self._issuer.cert_pem.write_to_path(str(self.file))

    def issue(self, *names: str) -> Pair:
        """A certificate for these names or addresses."""
        self._count += 1
        leaf = self._issuer.issue_cert(*names)
        pair = Pair(*(self._directory / f"{self._count}-{part}.pem" for part in ("cert", "key", "both")))
        leaf.cert_chain_pems[0].write_to_path(str(pair.certificate))
        leaf.private_key_pem.write_to_path(str(pair.key))
        leaf.private_key_and_cert_chain_pem.write_to_path(str(pair.both))
        return pair


class Program:
    """A child process that listens on a loopback port, in a directory of its own."""

    name: str
    ending = signal.SIGTERM

    def __init__(self) -> None:
        self._found = self.find()
        self.directory = Path(tempfile.mkdtemp(prefix=f"{self.name}-"))
        self.port = 0

    def find(self) -> str:
        """The program's file."""
        return program(self.name)

    def command(self) -> Sequence[str]:
        """Its arguments, after the configuration for `self.port` was written."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        for _ in range(STARTS_MAX):
            self.port = free_port()
            if self._starts():
                return self
        said = self.said()
        self._remove()
        raise RuntimeError(f"{self.name} does not start: {said}")

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._remove()

    def restart(self, ending: int | None = None) -> None:
        """End the process, by this signal or as usual, and start it again on the same port."""
        self.stop(ending)
        for _ in range(STARTS_MAX):
            if self._starts():
                return
        raise RuntimeError(f"{self.name} does not start again: {self.said()}")

    def _starts(self) -> bool:
        with (self.directory / "output.log").open("ab") as output:
            self._process = subprocess.Popen(
                [self._found, *self.command()],
                cwd=self.directory,
                env={**os.environ, **self.environment()},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # A group of its own, so that its workers can be killed with it.
                start_new_session=True,
            )
        return self._is_ready()

    def environment(self) -> dict[str, str]:
        """Variables beside those of this process."""
        return {}

    def stop(self, ending: int | None = None) -> None:
        """End the process; its port refuses connections from now on."""
        if ending == signal.SIGKILL:
            os.killpg(self._process.pid, ending)
        else:
            self._process.send_signal(ending or self.ending)
        try:
            self._process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        # Workers that were killed as well may listen a little longer.
        end = monotonic() + LIMIT
        while monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT).close()
            except ConnectionRefusedError:
                return
            except OSError:
                pass
            sleep(PAUSE)

    def said(self) -> str:
        """Its output and logs so far."""
        return "\n".join(file.read_text(errors="replace") for file in self.directory.glob("*.log"))

    def _is_ready(self) -> bool:
        """Wait until it accepts a connection; no if it has ended, such as for want of the port."""
        end = monotonic() + LIMIT
        while monotonic() < end:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT):
                return self._process.poll() is None
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(PAUSE)
                return False
        self.stop()
        return False

    def _remove(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)


class Nginx(Program):
    """nginx in front of another server. One process, so that ending it leaves no worker behind.

    Args:
        upstream: URL of the server behind it; without one, `location` says everything.
        tls: Certificate and key for the listening port.
        listen: More words for the `listen` directive.
        http: More directives beside the server block.
        server: More directives in the server block.
        location: More directives in the location block.
        path: The path that leads to the server behind it; what follows is passed on.
    """

    name = "nginx"

    def __init__(  # noqa: PLR0913
        self,
        upstream: str | None = None,
        *,
        tls: Pair | None = None,
        listen: str = "",
        http: str = "",
        server: str = "",
        location: str = "",
        path: str = "/",
    ) -> None:
        super().__init__()
        self._tls = tls
        words = [*(["ssl"] if tls else []), listen]
        if tls:
            server = f"ssl_certificate {tls.certificate}; ssl_certificate_key {tls.key}; {server}"
        if upstream:
            location = f"proxy_pass {upstream}/; {location}"
        self._text = f"""
daemon off; master_process off; pid nginx.pid; error_log stderr info;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    proxy_set_header X-Connection "$connection";
    proxy_set_header X-Version "$server_protocol $ssl_protocol";
    proxy_set_header X-Client "$ssl_client_verify $ssl_client_s_dn";
    {http}
    server {{
        listen 127.0.0.1:@PORT@ {" ".join(words)};
        {server}
        location {path} {{ {location} }}
    }}
}}
"""

    @property
    def url(self) -> str:
        """Its address, by name if it speaks TLS."""
        return f"https://localhost:{self.port}" if self._tls else f"http://127.0.0.1:{self.port}"

    def command(self) -> Sequence[str]:
        config = self.directory / "nginx.conf"
        config.write_text(self._text.replace("@PORT@", str(self.port)))
        return ["-p", str(self.directory), "-e", "stderr", "-c", str(config)]


class ForwardProxy(Program):
    """A proxy for http and https that may want a login, and may refuse a host."""

    def __init__(self, *, user: str = "", password: str = "", forbidden: str = "", tls: Pair | None = None) -> None:
        super().__init__()
        self._user = user
        self._password = password
        self._forbidden = forbidden
        self._tls = tls

    def url(self, login: str = "") -> str:
        """Its address for `proxy=`, by name if it speaks TLS."""
        return f"https://{login}localhost:{self.port}" if self._tls else f"http://{login}127.0.0.1:{self.port}"


class Tinyproxy(ForwardProxy):
    """A small proxy."""

    name = "tinyproxy"

    def command(self) -> Sequence[str]:
        lines = ["Listen 127.0.0.1", f"Port {self.port}", "Allow 127.0.0.1", "MaxClients 100", "LogLevel Connect"]
        if self._user:
            lines.append(f"BasicAuth {self._user} {self._password}")
        if self._forbidden:
            filtered = self.directory / "filter"
            filtered.write_text(self._forbidden + "\n")
            lines.append(f'Filter "{filtered}"')
        config = self.directory / "tinyproxy.conf"
        config.write_text("\n".join([*lines, ""]))
        return ["-d", "-c", str(config)]


class Squid(ForwardProxy):
    """The proxy of many companies."""

    name = "squid"
    ending = signal.SIGINT  # without waiting for its clients

    def command(self) -> Sequence[str]:
        if os.geteuid() == 0:
            # Started as root, it becomes this user, whom every Debian has.
            shutil.chown(self.directory, "proxy")
        listen = f"http_port 127.0.0.1:{self.port}"
        if self._tls:
            listen = f"https_port 127.0.0.1:{self.port} tls-cert={self._tls.certificate} tls-key={self._tls.key}"
        lines = [
            listen,
            "pid_filename none",
            "access_log none",
            f"cache_log {self.directory / 'cache.log'}",
            f"coredump_dir {self.directory}",
            "cache deny all",
            "pinger_enable off",
            "shutdown_lifetime 0 seconds",
            "visible_hostname squid.test",
        ]
        if self._user:
            users = self.directory / "users"
            users.write_text(f"{self._user}:{self._digest()}")
            lines += [
                f"auth_param basic program {program('basic_ncsa_auth')} {users}",
                "auth_param basic children 1",
                "acl known proxy_auth REQUIRED",
                "http_access deny !known",
            ]
        if self._forbidden:
            lines += [f"acl forbidden dstdomain {self._forbidden}", "http_access deny forbidden"]
        config = self.directory / "squid.conf"
        config.write_text("\n".join([*lines, "http_access allow all", ""]))
        # The name sets its shared memory apart from that of other squids.
        return ["-N", "-n", f"infosecops{self.port}", "-f", str(config)]

    def _digest(self) -> str:
        command = [program("openssl"), "passwd", "-apr1", "-stdin"]
        return subprocess.run(command, input=self._password.encode(), capture_output=True, check=True).stdout.decode()


class Microsocks(Program):
    """A small SOCKS5 server."""

    name = "microsocks"

    def __init__(self, *, user: str = "", password: str = "") -> None:
        super().__init__()
        self._login = ["-u", user, "-P", password] if user else []

    def command(self) -> Sequence[str]:
        return ["-i", "127.0.0.1", "-p", str(self.port), *self._login]

    def url(self, scheme: str, login: str = "") -> str:
        """Its address for `proxy=`."""
        return f"{scheme}://{login}127.0.0.1:{self.port}"


class Tap:
    """A relay in front of a port: it keeps what passed, and says when a side has closed a connection."""

    def __init__(self, port: int) -> None:
        self._server_port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        self.sent = bytearray()
        self.received = bytearray()
        self.closed = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(LIMIT)
        self._listener.close()
        for end in self._sockets:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(LIMIT)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._server_port), timeout=LIMIT)
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            self._sockets += [client, server]
            self._start(self._relay, client, server)

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        back = threading.Thread(target=self._pump, args=(server, client, self.received, self.closed), daemon=True)
        with client, server:
            back.start()
            self._pump(client, server, self.sent, self.ended)
            back.join(LIMIT)

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket, seen: bytearray, at_end: threading.Semaphore) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                seen += piece
                sink.sendall(piece)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
        at_end.release()
