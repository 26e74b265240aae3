"""Methods that `Client` and `AsyncClient` share: each is one program that either runner can run."""

import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from clr_client.transport.effects import Feed, Program
from clr_client.transport.http_runners import AsyncRunner, SyncRunner

P = ParamSpec("P")
T = TypeVar("T")
D_co = TypeVar("D_co", covariant=True)


class HasRunner(Generic[D_co]):
    """Has a runner, `SyncRunner` or `AsyncRunner`, which determines what its operations return.

    Args:
        runner: The runner of the programs.
    """

    def __init__(self, runner: D_co) -> None:
        self._runner = runner

    @property
    def runner(self) -> D_co:
        """The runner of the programs."""
        return self._runner


class _Bound:
    """Binds a method that returns a program, and lets the runner run it."""

    verb = "run"

    def __init__(self, write: Callable[..., Any]) -> None:
        self._write = write

    def __get__(self, instance: HasRunner[Any] | None, owner: type[Any]) -> Any:
        if instance is None:
            return self._write  # what `help` shows

        @functools.wraps(self._write)
        def carried_out(*args: Any, **kwargs: Any) -> Any:
            return getattr(instance.runner, self.verb)(self._write(instance, *args, **kwargs))

        return carried_out


class Operation(_Bound, Generic[P, T]):
    """A method that returns its result if the runner blocks, and a coroutine if it awaits."""

    def __init__(self, write: Callable[Concatenate[Any, P], Program[T]]) -> None:
        super().__init__(write)

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> Callable[Concatenate[Any, P], Program[T]]: ...
    @overload
    def __get__(self, instance: HasRunner[SyncRunner], owner: type[Any]) -> Callable[P, T]: ...
    @overload
    def __get__(self, instance: HasRunner[AsyncRunner], owner: type[Any]) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, instance: HasRunner[Any], owner: type[Any]) -> Callable[P, Any]: ...
    def __get__(self, instance: HasRunner[Any] | None, owner: type[Any]) -> Any:
        return super().__get__(instance, owner)


class FeedOperation(_Bound, Generic[P, T]):
    """A method that returns an iterator if the runner blocks, and an asynchronous one if it awaits."""

    verb = "feed"

    def __init__(self, write: Callable[Concatenate[Any, P], Feed[T]]) -> None:
        super().__init__(write)

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> Callable[Concatenate[Any, P], Feed[T]]: ...
    @overload
    def __get__(self, instance: HasRunner[SyncRunner], owner: type[Any]) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, instance: HasRunner[AsyncRunner], owner: type[Any]) -> Callable[P, AsyncIterator[T]]: ...
    @overload
    def __get__(self, instance: HasRunner[Any], owner: type[Any]) -> Callable[P, Any]: ...
    def __get__(self, instance: HasRunner[Any] | None, owner: type[Any]) -> Any:
        return super().__get__(instance, owner)


def operation(write: Callable[Concatenate[Any, P], Program[T]]) -> Operation[P, T]:
    """Turn a method that returns a program into an operation."""
    return Operation(write)


def feed(write: Callable[Concatenate[Any, P], Feed[T]]) -> FeedOperation[P, T]:
    """Turn a method that returns a feed into an operation."""
    return FeedOperation(write)


def calling(write: Callable[P, Program[T]]) -> Operation[P, T]:
    """Turn a function that returns a program into an operation."""

    @functools.wraps(write)
    def method(_: Any, /, *args: P.args, **kwargs: P.kwargs) -> Program[T]:
        return write(*args, **kwargs)

    return Operation(method)
