"""A server that counts its open connections. It answers when a test lets it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from wire import LIMIT, ok

if TYPE_CHECKING:
    import ssl

    from typing_extensions import Self


class Gauge:
    """Answers with an empty list after so many seconds; where the path holds `hangs`, with the head alone."""

    def __init__(self, delay: float = 0.0, tls: ssl.SSLContext | None = None, hangs: str = "/hang") -> None:
        self.open = self.most = self.connections = 0
        self.targets: list[str] = []
        self.hanging = threading.Semaphore(0)
        self._delay, self._tls, self._hangs = delay, tls, hangs
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(LIMIT)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(LIMIT)

    def finish(self) -> None:
        """Send the rest of the answers that hang."""
        self._loop.call_soon_threadsafe(self._finish.set)

    async def _run(self) -> None:
        self._loop, self._over, self._finish = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=4096, ssl=self._tls)
        self.port = server.sockets[0].getsockname()[1]
        self.url = f"http{'s' if self._tls else ''}://{'localhost' if self._tls else '127.0.0.1'}:{self.port}"
        self._ready.set()
        await self._over.wait()
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.connections += 1
        self.most = max(self.most, self.open)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._answer(reader, writer)
            writer.close()
        except asyncio.CancelledError:
            # The test is over.
            writer.transport.abort()
            raise
        finally:
            self.open -= 1

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            target = head.split(b" ")[1].decode()
            self.targets.append(target)
            if self._hangs in target:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
                self.hanging.release()
                ended = asyncio.ensure_future(reader.read(1))
                finished = asyncio.ensure_future(self._finish.wait())
                await asyncio.wait([ended, finished], return_when=asyncio.FIRST_COMPLETED)
                if ended.done():
                    return
                ended.cancel()
                await asyncio.wait([ended])
                writer.write(b"[]")
                continue
            await asyncio.sleep(self._delay)
            writer.write(ok("[]"))
            await writer.drain()
