"""Print the oldest and the newest supported CPython of this machine, one path a line; or that of one version.

Looks at PATH and at pyenv's versions. Where there is one only, prints that one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST_MINOR = 10
NEWEST_MINOR = 20
PROBE = "import sys; print(sys.implementation.name, *sys.version_info[:3], sys.executable)"


def candidates() -> list[str]:
    """Every command that might be an interpreter."""
    names = [f"python3.{minor}" for minor in range(9, NEWEST_MINOR)]
    found = [path for name in names if (path := shutil.which(name))]
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found += [str(path) for path in sorted(root.glob("versions/3.*/bin/python3"))]
    return [sys.executable, *found]


def probe(command: str) -> tuple[tuple[int, ...], str] | None:
    """Version and real path, None for what does not run or is not wanted."""
    try:
        done = subprocess.run([command, "-c", PROBE], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    name, *version, path = done.stdout.split(maxsplit=4)
    numbers = tuple(map(int, version))
    return (numbers, path.strip()) if name == "cpython" else None


def main() -> None:
    """Print them."""
    wanted = tuple(map(int, sys.argv[1].split("."))) if sys.argv[1:] else None
    versions: dict[tuple[int, ...], str] = {}
    for command in candidates():
        found = probe(command)
        if found and (found[0][:2] == wanted if wanted else found[0] >= (3, OLDEST_MINOR)):
            versions.setdefault(found[0], found[1])
    if not versions:
        sys.exit("no such CPython on this machine")
    for version in sorted({min(versions), max(versions)}):
        print(versions[version])


if __name__ == "__main__":
    main()
