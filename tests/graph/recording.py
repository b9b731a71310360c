"""Runs a program without an engine and records every resource as it is registered: what an engine would be told.

The monitor stands where the engine's would: it sees parents, dependencies and options, which mocks do not show.
"""

import asyncio
import contextvars
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pulumi
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.mocks import MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.settings import ROOT
from pulumi.runtime.stack import run_in_stack

PROJECT = "kubelab"
SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""A value on the wire that a preview does not know."""


def secret(value: object) -> dict[str, object]:
    """A value as a provider answers it when it is a secret."""
    return {SECRET_SIGNATURE: SECRET, "value": value}


@dataclass(frozen=True, slots=True)
class Resource:
    """One registered resource. `inputs` are as on the wire: a secret is a mapping with the secrets' signature.

    `limits`: for how long creating and updating it may take, "" where its provider decides. `ignored` are inputs
    whose changes mean nothing, `lines` how many lines of the program led to it; `aliases` are URNs by which a state
    may have it. `sources` are, by input, the resources that its value comes from.
    """

    urn: str
    type: str
    name: str
    custom: bool
    parent: str
    provider: str
    dependencies: frozenset[str]
    inputs: Mapping[str, Any]
    deleted_with: str
    delete_before_replace: bool
    secret_outputs: frozenset[str]
    limits: tuple[str, str]
    ignored: frozenset[str]
    lines: int
    aliases: frozenset[str]
    sources: Mapping[str, frozenset[str]]

    def plain(self, name: str) -> Any:
        """One input with its secrets laid open."""
        return revealed(self.inputs.get(name))


def is_secret(value: object) -> bool:
    """Whether an input on the wire is a secret as a whole."""
    return isinstance(value, dict) and value.get(SECRET_SIGNATURE) == SECRET


def revealed(value: Any) -> Any:
    """A value on the wire with its secrets laid open."""
    if is_secret(value):
        return revealed(value["value"])
    if isinstance(value, dict):
        return {key: revealed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [revealed(inner) for inner in value]
    return value


def public_text(value: Any) -> str:
    """Everything in a value on the wire that is not secret, as one text."""
    if is_secret(value):
        return ""
    if isinstance(value, dict):
        return "\n".join(public_text(inner) for pair in value.items() for inner in pair)
    if isinstance(value, list):
        return "\n".join(map(public_text, value))
    return str(value)


class Graph:
    """All resources of one program, with the questions that tests ask of them."""

    def __init__(self, resources: list[Resource], outputs: Mapping[str, Any]) -> None:
        self.by_urn = {resource.urn: resource for resource in resources}
        self.outputs = outputs

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.by_urn.values())

    def of_type(self, type_: str) -> list[Resource]:
        """The resources of one type, in the order of their registration."""
        return [resource for resource in self if resource.type == type_]

    def named(self, type_: str, name: str) -> Resource:
        """The one resource of that type and name."""
        (found,) = [resource for resource in self.of_type(type_) if resource.name == name]
        return found

    def before(self, resource: Resource) -> set[str]:
        """The URNs of all resources that must be there before this one, whether said outright or by an input."""
        found: set[str] = set()
        open_ = [resource.urn]
        while open_:
            current = self.by_urn.get(open_.pop())
            if current is not None:
                new = current.dependencies - found
                found |= new
                open_ += new
        return found


class _Answers(Mocks):
    def __init__(self, answer: Callable[[MockResourceArgs], dict[str, Any]]) -> None:
        self._answer = answer

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return f"{args.name}-id", {**args.inputs, **self._answer(args)}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"the program called {args.token}")


class _Monitor(MockMonitor):
    def __init__(self, mocks: Mocks) -> None:
        super().__init__(mocks)
        self.recorded: list[Resource] = []
        self.outputs: dict[str, Any] = {}

    def RegisterResource(self, request: Any) -> Any:
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        self._keep_secret(response, request.additionalSecretOutputs)
        self.recorded.append(
            Resource(
                urn=response.urn,
                type=request.type,
                name=request.name,
                custom=request.custom,
                parent=request.parent,
                provider=request.provider,
                dependencies=frozenset(request.dependencies),
                inputs=MessageToDict(request.object),
                deleted_with=request.deletedWith,
                delete_before_replace=request.deleteBeforeReplace,
                secret_outputs=frozenset(request.additionalSecretOutputs),
                limits=(request.customTimeouts.create, request.customTimeouts.update),
                ignored=frozenset(request.ignoreChanges),
                lines=len(request.stackTrace.frames),
                aliases=frozenset(alias.urn for alias in request.aliases) | frozenset(request.aliasURNs),
                sources={key: frozenset(each.urns) for key, each in request.propertyDependencies.items()},
            )
        )
        return response

    @staticmethod
    def _keep_secret(response: Any, names: Iterable[str]) -> None:
        """What an engine does with additionalSecretOutputs."""
        outputs = MessageToDict(response.object)
        for name in names:
            if name in outputs and not is_secret(outputs[name]):
                outputs[name] = secret(outputs[name])
        response.object.Clear()
        response.object.update(outputs)

    def RegisterResourceOutputs(self, request: Any) -> Any:
        if "::pulumi:pulumi:Stack::" in request.urn:
            self.outputs |= MessageToDict(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


def record(
    program: Callable[[], object],
    answer: Callable[[MockResourceArgs], dict[str, Any]],
    *,
    stack: str = "test",
    logger: logging.Logger | None = None,
    preview: bool = False,
) -> Graph:
    """Run a program to its end and return what it registered; what it raises comes out as it is.

    Each run has a context and an event loop of its own: pulumi keeps its stack and its settings in them.
    """
    return contextvars.Context().run(_record, program, answer, stack, logger, preview)


def _record(
    program: Callable[[], object],
    answer: Callable[[MockResourceArgs], dict[str, Any]],
    stack: str,
    logger: logging.Logger | None,
    preview: bool,
) -> Graph:
    mocks = _Answers(answer)
    monitor = _Monitor(mocks)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # pulumi's mocks make one in each thread they are called in, and close none: thousands of tests run out of files.
    of_threads: list[asyncio.AbstractEventLoop] = []

    def with_loop() -> None:
        of_threads.append(asyncio.new_event_loop())
        asyncio.set_event_loop(of_threads[-1])

    loop.set_default_executor(ThreadPoolExecutor(initializer=with_loop))

    def run() -> None:
        program()

    try:
        pulumi.runtime.set_mocks(mocks, PROJECT, stack, preview, logger, monitor)
        # The stack that set_mocks makes cannot export anything; the program runs in one of its own, as in an engine.
        ROOT.set(None)
        loop.run_until_complete(run_in_stack(run))
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        for each in (loop, *of_threads):
            each.close()
        asyncio.set_event_loop(None)
    return Graph(monitor.recorded, monitor.outputs)
