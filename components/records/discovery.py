"""Records that are found by being there: each is a module of a package, and whoever adds one adds a file. Pure."""

import importlib
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar

Record = TypeVar("Record")


class _MayBeDefault(Protocol):
    @property
    def is_default(self) -> bool: ...


_Choice = TypeVar("_Choice", bound=_MayBeDefault)


@cache
def _found(package: str, folders: tuple[str, ...], constant: str) -> Mapping[str, object]:
    modules = (importlib.import_module(f"{package}.{info.name}") for info in pkgutil.iter_modules(folders))
    records = [getattr(module, constant) for module in modules]
    return MappingProxyType({record.name: record for record in records})


class Records(Mapping[str, Record], Generic[Record]):
    """The records of a package by their names; each module holds one, under the name of a constant.

    The modules are those in the package's `__path__`, looked for when a record is asked for and not before.
    """

    __slots__ = ("_constant", "_kind", "_package")

    def __init__(self, package: str, constant: str, kind: type[Record]) -> None:
        self._package, self._constant, self._kind = package, constant, kind

    def __getitem__(self, name: str) -> Record:
        record = self._records()[name]
        assert isinstance(record, self._kind), f"{self._package}: {name} is no {self._kind.__name__}"
        return record

    def __iter__(self) -> Iterator[str]:
        return iter(self._records())

    def __len__(self) -> int:
        return len(self._records())

    def _records(self) -> Mapping[str, object]:
        return _found(self._package, tuple(sys.modules[self._package].__path__), self._constant)


def default(records: Mapping[str, _Choice]) -> _Choice:
    """The record that is taken where a user names none: of each kind just one says that it is."""
    return next(record for record in records.values() if record.is_default)
