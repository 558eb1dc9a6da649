"""The measured process: runs one entry of one workload and prints its figures as a line of JSON.

Arguments: module, entry, place as JSON. A client that is not installed is said to be missing, which is no failure.
"""

from __future__ import annotations

import importlib
import json
import sys

from place import Place


def main(module: str, entry: str, place: str) -> None:
    """Measure and print."""
    try:
        figures = importlib.import_module(module).run(entry, Place(**json.loads(place)))
    except ModuleNotFoundError as error:
        figures = {"missing": error.name}
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
