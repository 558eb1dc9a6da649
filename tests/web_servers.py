"""Web servers that play the products: Tomcat with JSPs, Django behind gunicorn. And Apache httpd in front of others."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from servers import REQUIRED, ForwardProxy, Program, program

if TYPE_CHECKING:
    from collections.abc import Sequence

FILES = Path(__file__).parent / "files"


class WebServer(Program):
    """A server that notes each change, by the name that the request gave it, before it answers."""

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """Its own log of what was applied."""
        return self.directory / "applied"

    def applied(self) -> list[str]:
        """What was changed so far."""
        return self.log.read_text(encoding="utf-8").split("\n") if self.log.exists() else []


class Tomcat(WebServer):
    """Tomcat 10 with pages that play Governance & Lifecycle and Bamboo's plugin. Needs no root."""

    name = "java"
    home = Path("/usr/share/tomcat10")

    def __init__(self) -> None:
        super().__init__()
        if not (self.home / "bin" / "bootstrap.jar").exists():
            if os.environ.get(REQUIRED):
                pytest.fail(f"tomcat10 is not installed, and {REQUIRED} is set")
            pytest.skip("tomcat10 is not installed")
        pages = self.directory / "webapps" / "ROOT" / "WEB-INF"
        for folder in (pages, self.directory / "conf", self.directory / "temp", self.directory / "logs"):
            folder.mkdir(parents=True)
        for page in ("web.xml", "applied.jspf", "command.jsp", "agents.jsp"):
            shutil.copy(FILES / "tomcat" / page, pages)
        shutil.copy(FILES / "tomcat" / "server.xml", self.directory / "conf")
        shutil.copy(self.home / "etc" / "catalina.properties", self.directory / "conf")

    def command(self) -> Sequence[str]:
        settings = {
            "catalina.home": self.home,
            "catalina.base": self.directory,
            "java.io.tmpdir": self.directory / "temp",
            "applied": self.log,
            "port": self.port,
        }
        jars = os.pathsep.join(str(self.home / "bin" / name) for name in ("bootstrap.jar", "tomcat-juli.jar"))
        return [
            "-Xmx128m",
            "-XX:TieredStopAtLevel=1",
            *(f"-D{name}={value}" for name, value in settings.items()),
            "-classpath",
            jars,
            "org.apache.catalina.startup.Bootstrap",
            "start",
        ]


class Gunicorn(WebServer):
    """gunicorn with Django REST framework, which plays SD Elements.

    Args:
        worker: The class of its worker: `sync` closes each connection, `gthread` keeps them.
    """

    name = "gunicorn"

    def __init__(self, worker: str = "gthread") -> None:
        for needed in ("gunicorn", "rest_framework"):
            if find_spec(needed) is None:
                if os.environ.get(REQUIRED):
                    pytest.fail(f"{needed} is not installed, and {REQUIRED} is set")
                pytest.skip(f"{needed} is not installed")
        super().__init__()
        self._worker = worker

    def find(self) -> str:
        return sys.executable

    def environment(self) -> dict[str, str]:
        return {"APPLIED": str(self.log), "PYTHONPATH": str(FILES.parent)}

    def command(self) -> Sequence[str]:
        return [
            "-m",
            "gunicorn",
            # What it would listen on besides; older releases, which CPython 3.9 has, know no such thing.
            *(["--no-control-socket"] if sys.version_info >= (3, 10) else []),
            f"--bind=127.0.0.1:{self.port}",
            f"--worker-class={self._worker}",
            # Any number of threads makes a worker of the class `gthread`.
            *(["--threads=8"] if self._worker == "gthread" else []),
            "--keep-alive=30",
            "--graceful-timeout=5",
            "sd_elements_server:application",
        ]


class Apache(ForwardProxy):
    """Apache httpd as a forward proxy, or in front of another server.

    Args:
        upstream: URL of the server behind it; without one it is a forward proxy.
        more: More directives.
        options: What other forward proxies take.
    """

    name = "apache2"
    modules = (
        "mpm_event alias allowmethods authn_core authn_file authz_core authz_user auth_basic "
        "deflate filter headers proxy proxy_connect proxy_http reqtimeout ssl http2"
    )

    def __init__(self, upstream: str | None = None, *, more: str = "", **options: Any) -> None:
        super().__init__(**options)
        self._upstream = upstream
        self._more = more

    def command(self) -> Sequence[str]:
        places = "/usr/lib/apache2/modules"
        lines = [
            f"ServerRoot {self.directory}",
            f"DefaultRuntimeDir {self.directory}",
            f"PidFile {self.directory}/pid",
            f"ErrorLog {self.directory}/error.log",
            f"Mutex file:{self.directory}",
            "ServerName localhost",
            f"Listen 127.0.0.1:{self.port}",
            *(f"LoadModule {name}_module {places}/mod_{name}.so" for name in self.modules.split()),
            # Started as root, its workers become this user, whom every Debian has.
            *(["User www-data", "Group www-data"] if os.geteuid() == 0 else []),
            "StartServers 1",
            "MaxRequestWorkers 50",
            # Of two that apply, the first one wins.
            self._more,
        ]
        if self._tls:
            lines += [
                "SSLEngine on",
                f"SSLCertificateFile {self._tls.certificate}",
                f"SSLCertificateKeyFile {self._tls.key}",
            ]
        lines += self._reverse() if self._upstream else self._forward()
        config = self.directory / "apache.conf"
        config.write_text("\n".join([*lines, ""]), encoding="utf-8")
        return ["-f", str(config), "-D", "FOREGROUND"]

    def _reverse(self) -> list[str]:
        return [f"ProxyPass / {self._upstream}/", f"ProxyPassReverse / {self._upstream}/"]

    def _forward(self) -> list[str]:
        lines = ["ProxyRequests On", "ProxyVia On", "AllowCONNECT 1-65535"]
        if self._user:
            digest = subprocess.run(
                [program("openssl"), "passwd", "-apr1", "-stdin"],
                input=self._password.encode(),
                capture_output=True,
                check=True,
            ).stdout.decode()
            users = self.directory / "users"
            users.write_text(f"{self._user}:{digest}", encoding="utf-8")
            self.directory.chmod(0o755)
            lines += [
                '<Proxy "*">',
                "AuthType Basic",
                'AuthName "proxy"',
                "AuthBasicProvider file",
                f"AuthUserFile {users}",
                "Require valid-user",
                "</Proxy>",
            ]
        if self._forbidden:
            lines += [f'<ProxyMatch "{self._forbidden}">', "Require all denied", "</ProxyMatch>"]
        return lines
