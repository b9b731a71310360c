"""What can be read of an input that has faults, so that rules across fields can report theirs at the same time."""

from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from config.model import Spec

_Model = TypeVar("_Model", bound=Spec)


def readable(model: type[_Model], written: object) -> _Model:
    """`written` as `model`, as far as it is right: a wrong field is None, so is a required one that is missing.

    Only for reporting faults: what comes out breaks the model's own types wherever `written` is wrong.
    """
    source = written if isinstance(written, dict) else {}
    return model.model_construct(**{name: _value(field, source) for name, field in model.model_fields.items()})


def _value(field: FieldInfo, source: dict[object, object]) -> Any:
    if field.alias not in source:
        default = field.get_default(call_default_factory=True, validated_data={})
        return None if default is PydanticUndefined else default
    written = source[field.alias]
    inner = next((kind for kind in (field.annotation, *get_args(field.annotation)) if _is_spec(kind)), None)
    if inner is None:
        return _scalar(field, written)
    if get_origin(field.annotation) is tuple:
        return tuple(readable(inner, value) for value in written) if isinstance(written, list | tuple) else None
    if get_origin(field.annotation) is dict:
        return {key: readable(inner, value) for key, value in written.items()} if isinstance(written, dict) else None
    return None if written is None else readable(inner, written)


def _scalar(field: FieldInfo, written: object) -> Any:
    try:
        kind: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        return TypeAdapter(kind, config=ConfigDict(strict=True)).validate_python(written)
    except ValidationError:
        return None


def _is_spec(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
