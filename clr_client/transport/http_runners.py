"""Runners of programs: `SyncRunner` in the calling thread, `AsyncRunner` on an event loop. They make no decisions."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, aclosing, closing
from typing import TypeVar

import httpx2

from clr_client.transport.connection import Connection, Done, Outcome, advance, reply_of
from clr_client.transport.effects import Effect, Emit, Feed, Listen, NextMessage, Pause, Program, Reply, Request, Upload

T = TypeVar("T")

PART_BYTES = 1 << 18


class SyncRunner:
    """Runs programs with blocking requests."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._http = httpx2.Client(**connection.options())

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def run(self, program: Program[T]) -> T:
        """Carry out a program, and return its result."""
        with closing(program), _Stream(self._http) as stream:
            effect = advance(program, None)
            while not isinstance(effect, Done):
                effect = advance(program, self._perform(effect, stream))
            return effect.result

    def feed(self, feed: Feed[T]) -> Iterator[T]:
        """Carry out a feed, and hand out its items."""
        with closing(feed), _Stream(self._http) as stream:
            effect = advance(feed, None)
            while not isinstance(effect, Done):
                if isinstance(effect, Emit):
                    yield effect.item
                effect = advance(feed, self._perform(effect, stream))

    def _perform(self, effect: Effect, stream: "_Stream") -> Outcome:
        try:
            match effect:
                case Request():
                    return self._exchange(effect)
                case Pause(seconds):
                    time.sleep(seconds)
                case Listen(request):
                    return stream.open(self._http.build_request(**self.connection.stream_options(request)))
                case NextMessage():
                    return stream.next()
        except httpx2.RequestError as error:
            return self.connection.unreachable(error)
        return None

    def _exchange(self, request: Request) -> Reply:
        body = None if request.upload is None else _parts(request.upload)
        built = self._http.build_request(**self.connection.request_options(request), content=body)
        with closing(self._http.send(built, stream=True)) as response:
            if request.target is None or not response.is_success:
                return reply_of(response, response.read())
            return reply_of(response, size_bytes=sum(map(request.target.write, response.iter_bytes())))


class _Stream(ExitStack):
    """At most one open stream of server-sent events."""

    def __init__(self, http: httpx2.Client) -> None:
        super().__init__()
        self._http = http
        self._messages: Iterator[httpx2.ServerSentEvent] = iter(())

    def open(self, request: httpx2.Request) -> Reply:
        self.close()
        response = self.enter_context(closing(self._http.send(request, stream=True)))
        self._messages = iter(httpx2.EventSource(response))
        return reply_of(response, b"" if response.is_success else response.read())

    def next(self) -> httpx2.ServerSentEvent | None:
        return next(self._messages, None)


class AsyncRunner:
    """Runs programs with awaited requests."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._http = httpx2.AsyncClient(**connection.options())

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def run(self, program: Program[T]) -> T:
        """Carry out a program, and return its result."""
        with closing(program):
            async with _AsyncStream(self._http) as stream:
                effect = advance(program, None)
                while not isinstance(effect, Done):
                    effect = advance(program, await self._perform(effect, stream))
                return effect.result

    async def feed(self, feed: Feed[T]) -> AsyncIterator[T]:
        """Carry out a feed, and hand out its items."""
        with closing(feed):
            async with _AsyncStream(self._http) as stream:
                effect = advance(feed, None)
                while not isinstance(effect, Done):
                    if isinstance(effect, Emit):
                        yield effect.item
                    effect = advance(feed, await self._perform(effect, stream))

    async def _perform(self, effect: Effect, stream: "_AsyncStream") -> Outcome:
        try:
            match effect:
                case Request():
                    return await self._exchange(effect)
                case Pause(seconds):
                    await asyncio.sleep(seconds)
                case Listen(request):
                    return await stream.open(self._http.build_request(**self.connection.stream_options(request)))
                case NextMessage():
                    return await stream.next()
        except httpx2.RequestError as error:
            return self.connection.unreachable(error)
        return None

    async def _exchange(self, request: Request) -> Reply:
        body = None if request.upload is None else _awaited(_parts(request.upload))
        built = self._http.build_request(**self.connection.request_options(request), content=body)
        async with aclosing(await self._http.send(built, stream=True)) as response:
            if request.target is None or not response.is_success:
                return reply_of(response, await response.aread())
            sizes = [request.target.write(piece) async for piece in response.aiter_bytes()]
            return reply_of(response, size_bytes=sum(sizes))


class _AsyncStream(AsyncExitStack):
    """At most one open stream of server-sent events."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        super().__init__()
        self._http = http
        self._messages: AsyncIterator[httpx2.ServerSentEvent]

    async def open(self, request: httpx2.Request) -> Reply:
        await self.aclose()
        response = await self.enter_async_context(aclosing(await self._http.send(request, stream=True)))
        self._messages = aiter(httpx2.EventSource(response))
        return reply_of(response, b"" if response.is_success else await response.aread())

    async def next(self) -> httpx2.ServerSentEvent | None:
        return await anext(self._messages, None)


def _parts(upload: Upload) -> Iterator[bytes]:
    while part := upload.file.read(PART_BYTES):
        yield part
        if upload.on_progress is not None:
            upload.on_progress(len(part))


async def _awaited(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
