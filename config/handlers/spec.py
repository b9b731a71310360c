"""What a user may write of handlers; what there is of each is its record's to say."""

from typing import Annotated

from pydantic import AfterValidator, Field

from components.handlers import HANDLERS
from config.kubernetes.quantities import number
from config.model import Spec
from config.nodes.scheduling import Taints
from config.problems import one_of, plain

_OTHER_WORDS = {"runsc": "gvisor", "katacontainers": "kata", "kataqemu": "kata", "kataclh": "kata"}


def words() -> tuple[str, ...]:
    """The words for handlers, by the alphabet."""
    return tuple(sorted(HANDLERS))


def handlers_described() -> str:
    """What each handler is, by its word."""
    return "; ".join(f"{word} ({HANDLERS[word].about})" for word in words())


def _hypervisors() -> list[str]:
    return [name for word in words() for name in HANDLERS[word].variants if name]


def _word(value: str) -> str:
    if value in HANDLERS:
        return value
    meant = _OTHER_WORDS.get(plain(value))
    raise ValueError(f"wanted: {meant}" if meant else one_of(value, words()))


def _each_once(found: tuple[str, ...]) -> tuple[str, ...]:
    twice = sorted({each for each in found if found.count(each) > 1})
    if twice:
        raise ValueError(f"found {', '.join(twice)} twice, allowed: each handler once")
    return found


def _quantity(example: str) -> AfterValidator:
    def checked(value: str) -> str:
        try:
            positive = number(value) > 0
        except ValueError:
            positive = False
        if not positive:
            raise ValueError(f"wanted: a quantity of more than 0, such as {example}")
        return value

    return AfterValidator(checked)


HandlerWord = Annotated[str, AfterValidator(_word), Field(json_schema_extra={"enum": list(words())})]
Handlers = Annotated[tuple[HandlerWord, ...], Field(strict=False), AfterValidator(_each_once)]


class OverheadSpec(Spec):
    """What a pod takes beside its containers; the scheduler counts it."""

    memory: Annotated[str, _quantity("320Mi")] = Field(description="memory, such as 320Mi")
    cpu: Annotated[str, _quantity("250m")] | None = Field(default=None, description="CPU, such as 250m")


class HandlerSpec(Spec):
    """What of a handler is other than kubelab's own, on all nodes that have it."""

    version: str | None = Field(default=None, description="its version; default: the one kubelab knows best")
    hypervisor: Annotated[str, Field(json_schema_extra={"enum": _hypervisors()})] | None = Field(
        default=None, description="by which hypervisor kata runs pods; default: qemu"
    )
    overhead: OverheadSpec | None = Field(default=None, description="what a pod takes beside its containers")
    tolerations: Taints = Field(default=(), description="taints of nodes that pods of the RuntimeClass tolerate")


HandlerSettings = Annotated[
    dict[Annotated[str, AfterValidator(_word)], HandlerSpec],
    Field(json_schema_extra={"propertyNames": {"enum": list(words())}}),
]
