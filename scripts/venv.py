"""Make or refresh a virtual environment: a wheel, dependency groups of pyproject.toml, single requirements."""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def group(name: str) -> list[str]:
    """The requirements of a dependency group. A small reader: tomllib is younger than the oldest interpreter."""
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    start = lines.index("[dependency-groups]")
    for line in lines[start + 1 :]:
        if line.startswith(f"{name} = ["):
            found: list[str] = ast.literal_eval(line.partition("=")[2].strip())
            return found
    raise SystemExit(f"no dependency group {name}")


def installed(pip: list[str], requirement: str) -> bool:
    """Install one requirement; False if that can't be done."""
    if subprocess.run([*pip, requirement], check=False).returncode == 0:
        return True
    print(f"left out: {requirement}")
    return False


def main() -> None:
    """Make it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--wheel", type=Path, help="folder with one wheel, installed anew each time")
    parser.add_argument("--group", action="append", default=[])
    parser.add_argument("--requirement", action="append", default=[])
    parser.add_argument("--each", action="store_true", help="leave out, and name, what has no wheel for this Python")
    options = parser.parse_args()
    python = options.folder / "bin" / "python"
    if not python.exists():
        subprocess.run([options.python, "-m", "venv", "--clear", str(options.folder)], check=True)
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    wanted = [*options.requirement, *(item for name in options.group for item in group(name))]
    stamp = options.folder / "requirements.txt"
    if wanted and (not stamp.exists() or stamp.read_text(encoding="utf-8") != "\n".join(wanted)):
        if options.each:
            wanted = [item for item in wanted if installed([*pip, "--only-binary", ":all:"], item)]
        else:
            # Most of it is never imported; the rest is compiled then.
            subprocess.run([*pip, "--no-compile", *wanted], check=True)
        stamp.write_text("\n".join(wanted), encoding="utf-8")
    if options.wheel:
        (wheel,) = options.wheel.glob("*.whl")
        subprocess.run([*pip, "--force-reinstall", "--no-deps", str(wheel)], check=True)


if __name__ == "__main__":
    main()
