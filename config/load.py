"""The way in: a stack's configuration and its site file in, a checked lab or all their faults out.

Faults of single fields of both files come first and together; rules across fields see only two whole documents.
"""

from collections.abc import Collection, Mapping
from pathlib import Path

from config.documents import Documents
from config.files import PASSWORD_KEY, SiteFilesReader
from config.lab import LabConfig
from config.model import parse
from config.problems import ConfigError, Problem, shown
from config.reading.document import read_document
from config.reading.regular_files import display, is_missing
from config.resolve import Folders, resolve
from config.rules import broken_rules, warnings
from config.site import SiteSpec
from config.stack import PREFIX, StackConfig, StackFile

_SITE_KEY = f"{PREFIX}site"


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

    Raises ConfigError with all faults of both files.
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
    """The checked lab of a whole stack file, named Pulumi.<stack>.yaml. Raises ConfigError, as `load` does."""
    stack = file.name.removeprefix("Pulumi.").removesuffix(".yaml")
    written, problems = read_stack_file(file)
    if written is None:
        raise ConfigError(f"stack {stack}", problems)
    return _load(stack, written, file, environ, password_in_stack=PASSWORD_KEY in written, known_problems=problems)


def read_stack_file(file: Path) -> tuple[dict[str, object] | None, list[Problem]]:
    """The entries of `config` that are the project's, None if the file cannot be read, and the faults around them.

    Keys of other namespaces (`pulumi:tags`) are Pulumi's business and left out.
    """
    data, problems = read_document(file)
    if problems:
        return None, problems
    _, problems = parse(StackFile, data, display(file))
    config = data.get("config") if isinstance(data, dict) else None
    if not isinstance(config, dict):
        return None, problems
    return {key: value for key, value in config.items() if key.startswith(PREFIX) or ":" not in key}, problems


def _load(
    stack: str,
    written: dict[str, object],
    stack_file: Path,
    environ: Mapping[str, str],
    *,
    password_in_stack: bool,
    known_problems: list[Problem],
) -> LabConfig:
    where = display(stack_file)
    stack_config, stack_problems = parse(StackConfig, written, where)
    problems = [*known_problems, *stack_problems]
    site_file = _site_file(written, stack_problems, stack_file.parent)
    site, site_problems = _read_site(site_file, written, where) if site_file else (None, [])
    problems += site_problems
    if site is None or site_file is None:
        raise ConfigError(f"stack {stack}", problems)
    reader = SiteFilesReader(site_file)
    files = reader.read(site, environ, password_in_stack=password_in_stack)
    problems += reader.problems
    if stack_config is None:
        raise ConfigError(f"stack {stack}", problems)
    documents = Documents(stack_config, site, where, display(site_file))
    problems += broken_rules(documents)
    if problems:
        raise ConfigError(f"stack {stack}", sorted(problems, key=lambda problem: problem.where != where))
    folders = Folders(stack=stack_file.parent.absolute(), site=site_file.parent.absolute())
    return resolve(stack, documents, files, folders, tuple(map(str, warnings(documents))))


def _site_file(written: Mapping[str, object], problems: list[Problem], folder: Path) -> Path | None:
    site = written.get(_SITE_KEY)
    fault = any(problem.path == _SITE_KEY for problem in problems)
    return folder / site if isinstance(site, str) and not fault else None


def _read_site(site_file: Path, written: Mapping[str, object], where: str) -> tuple[SiteSpec | None, list[Problem]]:
    if is_missing(site_file):
        text = f"found {shown(written[_SITE_KEY])}, but there is no file {display(site_file)}: run `make rig`,"
        remedy = "or point kubelab:site at your own (stacks/site.example.yaml is an example)"
        return None, [Problem(where, _SITE_KEY, f"{text} {remedy}")]
    data, problems = read_document(site_file)
    return (None, problems) if problems else parse(SiteSpec, data, display(site_file))
