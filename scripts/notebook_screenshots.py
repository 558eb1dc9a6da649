"""What the notebooks of ``examples/`` look like after Run All in JupyterLab, in its light and in its dark theme.

``python scripts/notebook_screenshots.py FOLDER`` writes a picture of each. It needs the packages of the dependency
group ``notebook``, ``jupyterlab`` and ``playwright``, and a Chromium: ``--browser`` says where one is.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
WIDTH = 1000
SECONDS = 120.0
RUN_ALL = """async () => {
    const { commands, shell } = window.jupyterapp;
    const panel = shell.currentWidget;
    await panel.context.ready;
    await panel.sessionContext.ready;
    await commands.execute("notebook:run-all-cells");
    const cells = [...document.querySelectorAll(".jp-Notebook .jp-Cell")].map(cell => cell.getBoundingClientRect());
    const outer = document.querySelector(".jp-WindowedPanel-outer").getBoundingClientRect();
    return Math.ceil(outer.top + cells.at(-1).bottom - cells[0].top + 60);
}"""
TO_THE_TOP = """document.querySelector(".jp-WindowedPanel-outer").scrollTop = 0"""


def settle(folder: Path, theme: str) -> None:
    """Write the settings of a user who chose this theme, and wants every cell drawn and no news."""
    chosen: dict[str, dict[str, object]] = {
        "apputils-extension/themes": {"theme": theme},
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
        "notebook-extension/tracker": {"windowingMode": "none"},
    }
    for name, settings in chosen.items():
        path = folder / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings), encoding="utf-8")


@contextmanager
def laboratory(folder: Path, theme: str) -> Generator[str]:
    """Run JupyterLab with copies of the notebooks; gives the address of one, with ``{}`` for its name."""
    settle(folder / "settings", theme)
    shutil.copytree(EXAMPLES, folder / "examples")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    token = secrets.token_urlsafe()
    environment = {
        **os.environ,
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTER_TOKEN": token,
        "JUPYTER_CONFIG_DIR": str(folder),
        "JUPYTER_RUNTIME_DIR": str(folder),
        "IPYTHONDIR": str(folder),
    }
    options = [f"--port={port}", "--ServerApp.port_retries=0", "--ServerApp.log_level=ERROR", "--no-browser"]
    options += ["--allow-root", "--expose-app-in-browser", str(folder / "examples")]
    command = [sys.executable, "-m", "jupyterlab", *options]
    server = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/api?token={token}", server)
        yield f"http://127.0.0.1:{port}/doc/tree/{{}}?token={token}"
    finally:
        server.terminate()
        server.wait()


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    """Until it answers."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + SECONDS
    while not answers(direct, url):
        if server.poll() is not None or time.monotonic() > end:
            sys.exit("JupyterLab did not start")
        time.sleep(0.2)


def answers(direct: urllib.request.OpenerDirector, url: str) -> bool:
    """Whether there is a server."""
    try:
        direct.open(url).close()
    except OSError:
        return False
    return True


def draw(browser: Any, address: str, picture: Path) -> None:  # noqa: ANN401 - playwright may be missing
    """Run one notebook and draw the whole of it."""
    page = browser.new_page(viewport={"width": WIDTH, "height": 900})
    page.set_default_timeout(SECONDS * 1000)
    page.goto(address)
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    height: int = page.evaluate(RUN_ALL)
    page.set_viewport_size({"width": WIDTH, "height": height})
    page.wait_for_load_state("networkidle")
    page.evaluate(TO_THE_TOP)
    page.screenshot(path=str(picture))
    page.close()
    print(picture)


def main() -> None:
    """Draw all of them twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--browser", default=shutil.which("chromium"), help="path of a Chromium")
    parser.add_argument("--only", help="name of one notebook")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    names = [options.only] if options.only else sorted(path.stem for path in EXAMPLES.glob("*.ipynb"))
    with import_module("playwright.sync_api").sync_playwright() as playwright:
        chromium = ["--no-sandbox", "--no-proxy-server"]
        browser = playwright.chromium.launch(executable_path=options.browser, args=chromium)
        for label, theme in THEMES.items():
            with TemporaryDirectory() as folder, laboratory(Path(folder), theme) as address:
                for name in names:
                    draw(browser, address.format(f"{name}.ipynb"), options.folder / f"{name}-{label}.png")
        browser.close()


if __name__ == "__main__":
    main()
