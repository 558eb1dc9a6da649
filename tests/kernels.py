"""A real kernel of Jupyter, as a notebook has one."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self

PATIENCE = 60.0


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """Of a kernel that finds what this process finds, and of the user's own settings nothing."""
    own = {f"JUPYTER_{name}_DIR": str(folder) for name in ("CONFIG", "DATA", "RUNTIME")}
    own.update(IPYTHONDIR=str(folder), MPLCONFIGDIR=str(folder), PYTHONPATH=os.pathsep.join(sys.path))
    # The kernel's debugger warns about interpreters that keep their own modules frozen.
    own.update(PYDEVD_DISABLE_FILE_VALIDATION="1")
    return {**os.environ, **own, **variables}


def manager() -> KernelManager:
    """Of a kernel of this interpreter, whatever kernels the user has installed."""
    return KernelManager(kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))


class Cell:
    """What a kernel said to one cell."""

    def __init__(self, reply: dict[str, Any], messages: list[dict[str, Any]]) -> None:
        self.status: str = reply["status"]
        self.error: str | None = reply.get("ename")
        self.messages = messages

    @property
    def value(self) -> str:
        """What the last line gives."""
        assert self.status == "ok", self.text
        (data,) = self._contents("execute_result")
        text: str = data["data"]["text/plain"]
        return text

    @property
    def text(self) -> str:
        """All that a person sees, whatever its form."""
        return "\n".join(repr(message) for message in self.messages)

    @property
    def streams(self) -> str:
        """What was printed."""
        return "".join(content["text"] for content in self._contents("stream"))

    @property
    def traceback(self) -> str:
        """The lines of the error, coloured."""
        (content,) = self._contents("error")
        return "\n".join(content["traceback"])

    @property
    def forms(self) -> set[str]:
        """The forms in which something was displayed."""
        return {form for content in self._contents("display_data") for form in content["data"]}

    @property
    def widget_states(self) -> list[dict[str, Any]]:
        """What the widgets became, step by step."""
        return [content["data"].get("state", {}) for content in self._contents("comm_msg")]

    def _contents(self, kind: str) -> list[dict[str, Any]]:
        return [message["content"] for message in self.messages if message["msg_type"] == kind]


class Kernel:
    """For a ``with`` block: a kernel that runs, and is told to end."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self._manager = manager()
        self._environment = environment(folder, **variables)

    def __enter__(self) -> Self:
        self._manager.start_kernel(env=self._environment)
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=PATIENCE)
        return self

    def __exit__(self, *raised: object) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        self._manager.cleanup_resources()

    def begin(self, code: str) -> str:
        """Have a cell run, and don't wait for it."""
        request: str = self._client.execute(code)
        return request

    def wait_for_output(self, request: str) -> None:
        """Wait until a cell has printed something."""
        while True:
            message = self._client.get_iopub_msg(timeout=PATIENCE)
            if message["msg_type"] == "stream" and message["parent_header"].get("msg_id") == request:
                return

    def end(self, request: str) -> Cell:
        """What came of a cell."""
        messages = []
        while True:
            message = self._client.get_iopub_msg(timeout=PATIENCE)
            if message["parent_header"].get("msg_id") != request:
                continue
            messages.append(message)
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                break
        reply = self._client.get_shell_msg(timeout=PATIENCE)
        while reply["parent_header"].get("msg_id") != request:
            reply = self._client.get_shell_msg(timeout=PATIENCE)
        return Cell(reply["content"], messages)

    def run(self, code: str) -> Cell:
        """Run a cell to its end."""
        return self.end(self.begin(code))

    def interrupt(self) -> None:
        """Press the stop button."""
        self._manager.interrupt_kernel()
