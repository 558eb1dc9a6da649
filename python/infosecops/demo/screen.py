"""Plain text, 80 columns wide, for a person to read."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import TextIO

WIDTH = 80
LONGEST_WORD = 6
_PIECE = re.compile(r"\s+|&?[^\s&?,]+[?,]?|[&?,]")


class Screen:
    """Writes lines that are never wider than :data:`WIDTH`, and remembers them.

    Args:
        out: Where to.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._written: list[str] = []
        self._masks: dict[str, str] = {}
        self._masked_texts: re.Pattern[str] | None = None

    def mask(self, masks: Mapping[str, str]) -> None:
        """From now on, let names stand for these texts."""
        self._masks = {text.lower(): name for text, name in masks.items()}
        longest_first = sorted(self._masks, key=len, reverse=True)
        # A short one, such as a user's name, may be part of another word.
        patterns = [
            re.escape(text) if len(text) > LONGEST_WORD else rf"(?<!\w){re.escape(text)}(?!\w)"
            for text in longest_first
        ]
        self._masked_texts = re.compile("|".join(patterns), re.IGNORECASE) if patterns else None

    def line(self, text: str = "", *, first: str = "", rest: str | None = None, last: str = "") -> None:
        """Write one text, folded where it is too long.

        Args:
            text: The text; runs of white space are one blank.
            first: Stands before the first line.
            rest: Stands before the others; blanks of the same width by default.
            last: Words that stand at the end and are not parted.
        """
        indent = " " * len(first) if rest is None else rest
        width = WIDTH - max(len(first), len(indent))
        lines = fold(self._masked(text), width)
        if last and len(lines[-1]) + 1 + len(last) > width:
            lines.append(last)
        elif last:
            lines[-1] += f" {last}"
        for number, folded in enumerate(lines):
            self._put((first if number == 0 else indent) + folded)

    def pair(self, left: str, right: str) -> None:
        """Write one text at each edge, on two lines where one is too short."""
        left = self._masked(left)
        gap = WIDTH - len(left) - len(right)
        if gap < 1:
            self._put(left[:WIDTH])
            left, gap = "", WIDTH - len(right)
        self._put(left + " " * gap + right)

    def rule(self, title: str = "") -> None:
        """Write a rule across the screen, with a title in it."""
        head = f"== {title} " if title else ""
        self._put(head + "=" * (WIDTH - len(head)))

    def leaks(self, secrets: Iterable[str]) -> int:
        """How many of these texts stand in what was written, also if they were folded."""
        from base64 import b64encode
        from json import dumps
        from urllib.parse import quote

        written = "".join(self._written)
        found = 0
        for secret in filter(None, secrets):
            forms = [secret, quote(secret, safe=""), dumps(secret)[1:-1], b64encode(secret.encode()).decode()]
            forms += [part for part in secret.splitlines() if len(part) > 20]  # noqa: PLR2004
            found += any(_squeezed(form) in written for form in forms)
        return found

    def _masked(self, text: str) -> str:
        if self._masked_texts is not None:
            text = self._masked_texts.sub(lambda found: self._masks[found[0].lower()], text)
        return "".join(char if char.isprintable() or char.isspace() else "?" for char in text)

    def _put(self, line: str) -> None:
        encoding = getattr(self._out, "encoding", None) or "utf-8"
        line = line.rstrip().encode(encoding, "replace").decode(encoding)
        self._written.append(_squeezed(line))
        self._out.write(line + "\n")
        self._out.flush()


def fold(text: str, width: int) -> list[str]:
    """Break text into lines: at blanks, before the parameters of a URL, after commas, else anywhere."""
    lines = [""]
    for found in _PIECE.finditer(text.strip()):
        piece = " " if found[0].isspace() else found[0]
        if len(lines[-1]) + len(piece) > width and lines[-1]:
            lines.append("")
        while len(piece) > width:
            lines[-1:] = [piece[:width], ""]
            piece = piece[width:]
        if piece != " " or lines[-1]:
            lines[-1] += piece
    return [line.rstrip() for line in lines]


def _squeezed(text: str) -> str:
    return "".join(text.split())
