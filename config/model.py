"""pydantic as the schema uses it: the strict base of every part, and its errors in kubelab's words.

Nothing unknown is accepted, nothing converted, nothing changed afterwards. No other module knows pydantic's errors.
"""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, ClassVar, TypeAlias, TypeVar, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Tag,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from config import wishes
from config.forms import TAGS, TEMPLATE
from config.problems import Problem, at_most, closest, one_of, plain, shown, shown_key
from config.reading import plain_data
from config.reading.guard import unexpected

_MOST = 100  # faults of one document that are shown at once
_UNITS = {"mib": "MiB", "gib": "GiB"}
_WANTED = {
    "string_type": "text (write it in quotes)",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "tuple_type": "a list",
}
_CONVERSIONS = ("invalid literal", "could not convert", "Exceeds the limit", "cannot convert")
_OWN = ("config", "components")
_OF_MANY = (dict, tuple)
_LIMITS = {"greater_than_equal": ("ge", "or more"), "less_than_equal": ("le", "or less")}

Location: TypeAlias = tuple[int | str, ...]


def camel_case(name: str) -> str:
    """`disk_gib` as a user writes it: `diskGiB`."""
    first, *rest = name.split("_")
    return first + "".join(_UNITS.get(word, word.capitalize()) for word in rest)


class Spec(BaseModel):
    """A part of what a user writes. Only the camelCase names are accepted; texts stay texts, numbers stay numbers.

    `refused_keys` are keys that one may expect here and cannot have, each with the reason and what to do instead. They
    count before those that are expected anywhere (`config.wishes.ANYWHERE`), in whatever spelling.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=camel_case, defer_build=True)

    refused_keys: ClassVar[wishes.Wishes] = wishes.NOWHERE

    @field_validator("*", mode="wrap")
    @classmethod
    def _guarded(cls, value: object, check: ValidatorFunctionWrapHandler) -> object:
        """Whatever a check of a value stumbles over is a fault of that value."""
        try:
            return check(value)
        except ValueError:
            raise
        except Exception as error:
            raise ValueError(unexpected(error)) from None


_Spec = TypeVar("_Spec", bound=Spec)


def parse(model: type[_Spec], data: object, where: str) -> tuple[_Spec | None, list[Problem]]:
    """`data` as `model`, or None and one problem for each fault of its fields; `where` names the file."""
    faults = plain_data.faults(data)
    if faults:
        return None, at_most(_MOST, where, [partial(Problem, where, _path(place), text) for place, text in faults])
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        errors = error.errors(include_url=False)
        return None, at_most(_MOST, where, [partial(_problem, details, model, where) for details in errors])
    except Exception as error:
        return None, [Problem(where, "", unexpected(error))]


def _problem(details: ErrorDetails, model: type[Spec], where: str) -> Problem:
    location = _as_written(details)
    path = _path(location)
    return Problem(where, path, _text(details, model, location, path))


def _as_written(details: ErrorDetails) -> Location:
    """The place of an error without what pydantic adds to it, but for the tag that tells two parts from each other.

    That is the tag of the form in which a value was written, and a mark behind a key which is itself at fault.
    """
    location = tuple(part for part in details["loc"] if part not in TAGS or part == TEMPLATE)
    is_key = len(location) > 1 and location[-1] == "[key]" and location[-2] == details["input"]
    return location[:-1] if is_key and details["type"] != "extra_forbidden" else location


def _path(location: Location) -> str:
    return "/".join(shown_key(str(part)) for part in location if part != TEMPLATE)


def _text(details: ErrorDetails, model: type[Spec], location: Location, path: str) -> str:
    kind, context, value = details["type"], details.get("ctx", {}), details["input"]
    found = f"found {shown(value, path)}"
    field = _field_at(model, location)
    match kind:
        case "extra_forbidden":
            return _unknown_key(str(location[-1]), _model_at(model, location[:-1]))
        case "missing":
            return f"found nothing, {_needed(model, location)}"
        case "literal_error":
            return f"{found}, {one_of(value, _quoted(context['expected']))}"
        case "value_error":
            return _reason(context["error"], value, found)
        case _ if kind in _LIMITS:
            limit, side = _LIMITS[kind]
            return f"{found}, allowed: {context[limit]} {side}"
        case _ if kind in _WANTED and not (value is None and kind == "string_type") and not _has_forms(field):
            return f"{found}, wanted: {_WANTED[kind]}"
        case _:
            return f"{found}, wanted: {field.description if field else 'another value'}"


def _reason(error: Exception, value: object, found: str) -> str:
    """What one of the checks says; a conversion that failed inside one would repeat the value, and is not cited."""
    is_own = type(error) is ValueError or type(error).__module__.partition(".")[0] in _OWN
    reason = str(error) if is_own and not str(error).startswith(_CONVERSIONS) else unexpected(error)
    separator = " " if reason.startswith(("of ", "with ")) else ", "
    whole = isinstance(value, dict | list) and reason.startswith("found")
    return reason if whole else f"{found}{separator}{reason}"


def _unknown_key(key: str, model: type[Spec] | None) -> str:
    fields = _fields(model) if model else {}
    same = next((field for field in fields if plain(field) == plain(key)), None)
    if same:
        return f"unknown key, did you mean {same}?"
    wish = (model.refused_keys.answer(key) if model else None) or wishes.ANYWHERE.answer(key)
    if wish:
        return wish
    near = closest(key, fields)
    if near is None:
        below = {f"{name}/{inner}": inner for name, kind in fields.items() if kind for inner in _fields(kind)}
        inner_near = closest(key, below.values())
        near = next((path for path, inner in below.items() if inner == inner_near), None)
    return f"unknown key, did you mean {near}?" if near else f"unknown key, allowed: {', '.join(fields)}"


def _needed(model: type[Spec], location: Location) -> str:
    parent = _model_at(model, location[:-1])
    field = _field_of(parent or model, location[-1])
    if field is None:
        return "wanted: a value"
    choices = [choice for choice in get_args(field.annotation) if isinstance(choice, str)]
    if choices:
        return f"allowed: {', '.join(choices)}"
    is_part = get_origin(field.annotation) not in _OF_MANY and not _has_forms(field)
    inner = next(_models_in(field.annotation), None) if is_part else None
    required = [str(part.alias) for part in inner.model_fields.values() if part.is_required()] if inner else []
    return f"wanted: {field.description}" + (f" (needs {', '.join(required)})" if required else "")


def _has_forms(field: FieldInfo | None) -> bool:
    """Whether a field is a text or a whole part, as the user likes."""
    return field is not None and _is_tagged(field.annotation)


def _is_tagged(annotation: Any) -> bool:
    arguments = get_args(annotation)
    return any(isinstance(each, Tag) for each in arguments) or any(map(_is_tagged, arguments))


def _field_of(model: type[Spec], key: int | str) -> FieldInfo | None:
    return next((field for field in model.model_fields.values() if field.alias == key), None)


def _field_at(model: type[Spec], location: Location) -> FieldInfo | None:
    """The field at `location`, or the closest one above it."""
    for end in range(len(location), 0, -1):
        parent = _model_at(model, location[: end - 1])
        field = _field_of(parent, location[end - 1]) if parent else None
        if field:
            return field
    return None


def _quoted(expected: str) -> list[str]:
    return re.findall(r"'([^']*)'", expected)


def _fields(model: type[Spec]) -> Mapping[str, type[Spec] | None]:
    return {str(field.alias): next(_models_in(field.annotation), None) for field in model.model_fields.values()}


def _model_at(model: type[Spec], location: Location) -> type[Spec] | None:
    """The model that holds the keys at `location`; keys and places in a mapping or list of models are stepped over."""
    current: type[Spec] | None = model
    among_many, annotation = False, None
    for part in location:
        if part == TEMPLATE:
            current = next(_models_tagged(annotation, TEMPLATE), None)
            continue
        if among_many or isinstance(part, int):
            among_many = False
            continue
        if current is None:
            return None
        field = _field_of(current, part)
        if field is None:
            return None
        annotation = field.annotation
        among_many = get_origin(annotation) in _OF_MANY
        current = next(_models_in(field.annotation), None)
    return current


def _models_in(annotation: Any) -> Iterator[type[Spec]]:
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _models_tagged(annotation: Any, tag: str) -> Iterator[type[Spec]]:
    arguments = get_args(annotation)
    if any(isinstance(each, Tag) and each.tag == tag for each in arguments):
        yield from _models_in(annotation)
    else:
        for argument in arguments:
            yield from _models_tagged(argument, tag)
