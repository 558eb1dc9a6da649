"""A review of any size, a program of its own: every tenth item is locked, and every tenth request meets a fault.

It prints its port. Arguments: how many requests are answered before one is read and left unanswered (0: never).
"""

from __future__ import annotations

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOCKED = "The review component is locked and can not be changed."
REVIEWEE = re.compile(rb"<RevieweeUserId>user(\d+)</RevieweeUserId>")
FAULT_EVERY = 10


class Review(BaseHTTPRequestHandler):
    """Answers updateReviewItems as the vendor's page and knowledge base have it."""

    protocol_version = "HTTP/1.1"
    # Or the body would wait 40 ms for the caller to confirm the head.
    disable_nagle_algorithm = True
    answered = 0
    requests = 0
    left_unanswered = 0

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        cls = type(self)
        cls.requests += 1
        if cls.requests % FAULT_EVERY == 0:
            self.reply(429, b"", retry_after="0")
            return
        if cls.left_unanswered and cls.answered == cls.left_unanswered:
            self.close_connection = True
            return
        cls.answered += 1
        users = [int(number) for number in REVIEWEE.findall(body)]
        locked = [number for number in users if number % 10 == 0]
        head = f"Partial Success. Updated {len(users) - len(locked)} of {len(users)} review components successfully."
        # Not in the order of the request.
        lines = [f"Status For Review Item(user{number}-Group {number % 977})=Failure ({LOCKED}" for number in locked]
        status = "\n".join([head, *reversed(lines)])
        if not locked:
            status = f"Success. Updated all {len(users)} review components with specified states."
        self.reply(200, json.dumps({"data": {"type": "updateReviewItems", "Status": status}}).encode())

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    Review.left_unanswered = int(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Review)
    print(server.server_port, flush=True)  # noqa: T201
    server.serve_forever()
