"""The door itself: a stack's configuration and its site file in, a checked lab or all their faults out."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from config.documents import Documents
from config.faults import problems_of
from config.files import display, is_missing, read_document
from config.lab import LabConfig
from config.model import Spec
from config.partial import readable
from config.problems import ConfigError, Problem, shown
from config.resolve import Folders, resolve
from config.rules import broken_rules
from config.site import SiteSpec
from config.site_files import PASSWORD_KEY, SiteFiles, SiteFilesReader
from config.stack import PREFIX, StackConfig
from config.stack_file import read_stack_file
from config.support import not_yet_supported

_Model = TypeVar("_Model", bound=Spec)


def load(
    stack: str,
    cluster: object,
    nodes: object,
    site: str | None,
    base: Path,
    environ: Mapping[str, str],
    *,
    config_keys: Collection[str] = (),
) -> LabConfig:
    """The checked lab of stack `stack`.

    `cluster`, `nodes` and `site` are the values of kubelab:cluster, kubelab:nodes and kubelab:site (None where absent);
    `base` is the folder of the stack file, to which `site` is relative. `config_keys` are all keys of the stack's
    configuration (`kubelab:site`, ...), to find misspelt ones; with kubelab:vspherePassword among them, no password is
    looked for elsewhere.

    Raises: ConfigError with all faults of both files.
    """
    given = {"site": site, "cluster": cluster, "nodes": nodes}
    written = {f"{PREFIX}{name}": value for name, value in given.items() if value is not None}
    known = {*given, PASSWORD_KEY.removeprefix(PREFIX)}
    unknown = [key for key in config_keys if key.startswith(PREFIX) and key.removeprefix(PREFIX) not in known]
    return _load(
        stack,
        written | dict.fromkeys(unknown),
        base / f"Pulumi.{stack}.yaml",
        environ,
        password_in_stack=PASSWORD_KEY in config_keys,
        known_problems=[],
    )


def load_file(file: Path, environ: Mapping[str, str]) -> LabConfig:
    """The checked lab of a whole stack file, named Pulumi.<stack>.yaml. Raises: ConfigError, as `load` does."""
    stack = file.name.removeprefix("Pulumi.").removesuffix(".yaml")
    written, problems = read_stack_file(file)
    if written is None:
        raise ConfigError(f"stack {stack}", problems)
    return _load(stack, written, file, environ, password_in_stack=PASSWORD_KEY in written, known_problems=problems)


def _load(
    stack: str,
    written: dict[str, object],
    stack_file: Path,
    environ: Mapping[str, str],
    *,
    password_in_stack: bool,
    known_problems: list[Problem],
) -> LabConfig:
    problems = list(known_problems)
    where = display(stack_file)
    stack_config = _validated(StackConfig, written, where, problems)
    site_file = _site_file(written, stack_file.parent)
    site_where = display(site_file) if site_file else "site file"
    site = _read_site(site_file, stack_config.site, where, problems) if site_file else None
    files = SiteFiles(None, None, {}, None, ())
    if site and site_file:
        reader = SiteFilesReader(site_file, site_where)
        files = reader.read(site, environ, password_in_stack=password_in_stack)
        problems += reader.problems
    documents = Documents(stack_config, site, where, site_where)
    problems += [*not_yet_supported(documents), *broken_rules(documents)]
    if problems or site is None or site_file is None:
        raise ConfigError(f"stack {stack}", sorted(problems, key=lambda problem: problem.where != where))
    folders = Folders(stack=stack_file.parent.absolute(), site=site_file.parent.absolute())
    return resolve(stack, documents, site, files, folders)


def _validated(model: type[_Model], written: object, where: str, problems: list[Problem]) -> _Model:
    try:
        return model.model_validate(written)
    except ValidationError as error:
        problems += problems_of(error, model, where)
        return readable(model, written)


def _read_site(site_file: Path, written: str, where: str, problems: list[Problem]) -> SiteSpec | None:
    if is_missing(site_file):
        text = f"found {shown(written)}, but there is no file {display(site_file)}: run `make rig`,"
        remedy = "or point kubelab:site at your own (stacks/site.example.yaml is an example)"
        problems.append(Problem(where, "kubelab:site", f"{text} {remedy}"))
        return None
    data, faults = read_document(site_file)
    problems += faults
    return None if faults else _validated(SiteSpec, data, display(site_file), problems)


def _site_file(written: Mapping[str, object], folder: Path) -> Path | None:
    site = written.get(f"{PREFIX}site")
    return folder / site if isinstance(site, str) and site.strip() else None
