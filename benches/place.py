"""What a measured process is told: where the server is and how much to do."""

from __future__ import annotations

from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    Figures: TypeAlias = dict[str, Any]
    """`wall` and `cpu` in microseconds for each unit, `peak` and `extra` memory in MB, `units`, and `check`: what every
    entry of a workload must find alike."""
    Send: TypeAlias = Callable[[str, str, "bytes | None"], bytes]

TOKEN = "t"  # noqa: S105 - the bench's server looks only whether there is one
ACCESS_KEY = "k"
BASIC = "Basic YWNjZXNza2V5Oms="
TIMEOUT = 30


@dataclass(frozen=True)
class Place:
    """Where and how much."""

    url: str
    ca: str = "-"
    """File of the certificate authority; `-` for plain addresses."""
    seconds: float = 0.35
    count: int = 0
    width: int = 1
    file: str = ""
    what: str = ""

    @property
    def verify(self) -> str | bool:
        """As requests and its like take it."""
        return True if self.ca == "-" else self.ca

    def origin(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.url.split("://")[1].partition(":")
        return host, int(port)
