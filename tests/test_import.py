"""What importing the package costs, and what it needs: next to nothing, and nothing."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys

import infosecops
import pytest

HEAVY = {"asyncio", "dataclasses", "json", "logging", "ssl", "typing", "typing_extensions", "inspect", "threading"}
MOST_NEW_MODULES = 40


def loaded_by(code: str) -> set[str]:
    """The modules that a fresh interpreter loads for it."""
    script = f"import sys; before = set(sys.modules); {code}; new = set(sys.modules) - before; import json; "
    # Without site, which may load anything for other packages; the search path is handed over.
    command = [sys.executable, "-S", "-c", f"import sys; sys.path = {sys.path!r}; {script} print(json.dumps([*new]))"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    "code",
    [
        "import infosecops",
        "from infosecops import *",
        "from infosecops import SDElements; SDElements('https://sde.example.com', token='x')",
        "from infosecops import Sectona; Sectona.from_env(url='https://pam.example.com', access_key='x')",
        "from infosecops.sandbox import Sandbox; Sandbox()",
    ],
)
def test_importing_loads_little(code: str) -> None:
    loaded = loaded_by(code)
    assert "infosecops" in loaded
    assert not loaded & HEAVY
    assert len(loaded) <= MOST_NEW_MODULES


def test_importing_the_package_does_not_load_the_native_module() -> None:
    assert not any(name.endswith("_infosecops") for name in loaded_by("import infosecops"))


def test_nothing_else_has_to_be_installed() -> None:
    try:
        package = importlib.metadata.distribution("infosecops")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("run from the source tree, which is not installed")
    assert not [one for one in package.requires or [] if "extra ==" not in one]
    assert package.version == infosecops.__version__
