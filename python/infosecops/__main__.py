"""``python -m infosecops``: a sandbox to try clients against, and a tour of what the package does."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Sequence

    from infosecops._endpoints import BambooApi
    from infosecops.sandbox import Sandbox

_NAME_WIDTH = 22
"""A credential's value is at most 56 characters long: with its name it fits into 80 columns."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    options = _parser().parse_args(arguments)
    if options.command == "demo":
        from infosecops.demo import main as demo

        return int(demo() or 0)
    return _serve(options.port, options.bamboo_api)


def _parser() -> ArgumentParser:
    from argparse import ArgumentParser

    parser = ArgumentParser(prog="python -m infosecops", description="Tools of infosecops that need no real server.")
    commands = parser.add_subparsers(dest="command", required=True)
    text = "serve the four systems with made-up data on a loopback port until stopped"
    sandbox = commands.add_parser("sandbox", help=text, description=text)
    sandbox.add_argument("--port", type=_port, default=0, help="the port (default: any free one)")
    sandbox.add_argument(
        "--bamboo-api",
        choices=["agent-config", "agent", "both"],
        default="agent-config",
        help="the paths of the Bamboo plugin: of version 1.5 and later (default), of those before, or both",
    )
    text = "show what the clients do, against a sandbox"
    commands.add_parser("demo", help=text, description=text)
    return parser


def _port(text: str) -> int:
    from argparse import ArgumentTypeError

    if text.isdecimal() and int(text) < 1 << 16:
        return int(text)
    raise ArgumentTypeError(f"{text!r} is not a port: use a number from 0 to 65535")


def _serve(port: int, bamboo_api: BambooApi) -> int:
    import signal

    from infosecops.sandbox import Sandbox

    # A shell starts background processes with SIGINT ignored; a stop is a stop all the same.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        with Sandbox(port, bamboo_api=bamboo_api) as box:
            print(_table(box), flush=True)  # noqa: T201
            box.wait()
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _table(box: Sandbox) -> str:
    from infosecops import Secret

    lines: list[str] = []
    shown = None
    for system, url, name, value in box.describe():
        if system != shown:
            shown = system
            lines.append(f"{system:<{_NAME_WIDTH}}  {url}")
        text = value.reveal() if isinstance(value, Secret) else value
        lines.append(f"  {name:<{_NAME_WIDTH}}{text}")
    lines.append("These credentials open nothing but this sandbox. Ctrl-C stops it.")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
