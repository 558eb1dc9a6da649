"""Print the oldest and the newest supported CPython of this machine, one path a line.

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
    names = [f"python3.{minor}" for minor in range(OLDEST_MINOR, NEWEST_MINOR)]
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
    if name != "cpython" or numbers < (3, OLDEST_MINOR):
        return None
    return numbers, path.strip()


def main() -> None:
    """Print them."""
    versions: dict[tuple[int, ...], str] = {}
    for command in candidates():
        found = probe(command)
        if found:
            versions.setdefault(found[0], found[1])
    for version in sorted({min(versions), max(versions)}):
        print(versions[version])


if __name__ == "__main__":
    main()
