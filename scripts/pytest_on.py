"""Run the tests on several interpreters at once, each in an environment of its own. Every line tells whose it is."""

from __future__ import annotations

import argparse
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"


def version_of(python: str) -> str:
    """Such as `3.13`."""
    return subprocess.run([python, "-c", VERSION], capture_output=True, text=True, check=True).stdout.strip()


def run(name: str, command: list[str]) -> int:
    """Run it with its output passed on line by line; gives its exit code."""
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    with process:
        for line in process.stdout or ():
            print(f"{name} | {line}", end="", flush=True)
    return process.returncode


def tested(build: Path, python: str, wheel: Path, pytest: list[str]) -> int:
    """Prepare the environment of one interpreter and run the tests there; gives the exit code."""
    version = version_of(python)
    environment = build / f"test-{version}"
    groups = ("--group", "test", "--group", "notebook")
    made = [sys.executable, "scripts/venv.py", str(environment), "--python", python, "--wheel", str(wheel), *groups]
    return run(version, made) or run(version, [str(environment / "bin" / "python"), "-m", "pytest", "-q", *pytest])


def main() -> int:
    """The first exit code that is none of success."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="folder of the environments")
    parser.add_argument("--wheel", type=Path, required=True, help="folder with the wheel")
    parser.add_argument("pythons", nargs="+", help="interpreters; what stands behind `--` is for pytest")
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    options, pytest = parser.parse_args(sys.argv[1:end]), sys.argv[end + 1 :]
    with ThreadPoolExecutor(len(options.pythons)) as threads:
        ending = [threads.submit(tested, options.build, python, options.wheel, pytest) for python in options.pythons]
        return next((code for each in ending if (code := each.result())), 0)


if __name__ == "__main__":
    sys.exit(main())
