"""The way in: a stack's configuration and its site file in, a checked lab or all their faults out.

Faults of single fields of both files come first and together; rules across fields see only two whole documents.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from config.declared.stack_files import StackFilesReader
from config.documents import Documents
from config.files import PASSWORD_KEY, PASSWORDS_KEY, SiteFilesReader
from config.images import rules as image_rules
from config.images.finding import ImagesReader
from config.lab import LabConfig
from config.model import parse
from config.platform import ImageConfig
from config.problems import ConfigError, Problem, shown
from config.reading.document import read_document
from config.reading.guard import unexpected
from config.reading.regular_files import display, is_missing
from config.resolve import resolve
from config.rules import broken_rules, warnings
from config.site import SiteSpec
from config.stack import PREFIX, StackConfig, StackFile
from config.targets import rules as target_rules

_SITE_KEY = f"{PREFIX}site"
_ENCRYPTED = {"secure": ""}


def load(
    stack: str,
    cluster: object,
    nodes: object,
    site: str | None,
    base: Path,
    environ: Mapping[str, str],
    *,
    config_keys: Collection[str] = (),
    passwords: Collection[str] = (),
) -> LabConfig:
    """The checked lab of stack `stack`.

    `cluster`, `nodes` and `site` are the values of kubelab:cluster, kubelab:nodes and kubelab:site (None where absent);
    `base` is the folder of the stack file, to which `site` is relative. `config_keys` are all keys of the stack's
    configuration (`kubelab:site`, ...), to find misspelt ones; with kubelab:vspherePassword among them, no password is
    looked for elsewhere; nor for the targets among `passwords`, the keys of kubelab:vspherePasswords.

    Raises ConfigError with all faults of both files.
    """
    given: dict[str, object] = {"site": site, "cluster": cluster, "nodes": nodes}
    written = {f"{PREFIX}{name}": value for name, value in given.items() if value is not None}
    known = {*given, *(key.removeprefix(PREFIX) for key in (PASSWORD_KEY, PASSWORDS_KEY))}
    unknown = [key for key in config_keys if key.startswith(PREFIX) and key.removeprefix(PREFIX) not in known]
    file = base / f"Pulumi.{stack}.yaml"
    in_stack = _in_stack(config_keys, passwords)
    if PASSWORD_KEY in config_keys:
        written[PASSWORD_KEY] = _ENCRYPTED
    if passwords:
        written[PASSWORDS_KEY] = dict.fromkeys(passwords, _ENCRYPTED)
    return _load(_Written(stack, file, written | dict.fromkeys(unknown), in_stack), environ)


def load_file(
    file: Path, environ: Mapping[str, str], *, stand_in: Path | None = None, image: ImageConfig | None = None
) -> LabConfig:
    """The checked lab of a whole stack file, named Pulumi.<stack>.yaml.

    `stand_in` is a site file that counts where the stack's own is not there; `image` that of all nodes, whichever the
    files name: one that is about to be made, for which nobody logs in, so that no password is looked for. Raises
    ConfigError, as `load` does.
    """
    stack = file.name.removeprefix("Pulumi.").removesuffix(".yaml")
    written, problems = read_stack_file(file)
    if written is None:
        raise ConfigError(f"stack {stack}", problems)
    of_targets = written.get(PASSWORDS_KEY)
    in_stack = _in_stack(written, of_targets if isinstance(of_targets, dict) else ()) if image is None else None
    return _load(_Written(stack, file, written, in_stack, tuple(problems), stand_in, image), environ)


def _in_stack(config_keys: Collection[str], passwords: Collection[object]) -> frozenset[str]:
    """The keys that hold passwords: those of several targets as paths, `kubelab:vspherePasswords.<name>`."""
    return frozenset({*config_keys} & {PASSWORD_KEY} | {f"{PASSWORDS_KEY}.{name}" for name in passwords})


def check_site_file(file: Path, environ: Mapping[str, str]) -> None:
    """Checks a site file and the files it names without any stack. Raises ConfigError with all their faults."""
    data, problems = read_document(file)
    site, problems = (None, problems) if problems else parse(SiteSpec, data, display(file))
    if site is not None:
        reader = SiteFilesReader(file)
        images = ImagesReader(file, environ)
        images.of_site(site)
        reader.read(site, environ, ())
        problems = images.problems + reader.problems
    if problems:
        raise ConfigError(f"site {display(file)}", problems)


def read_stack_file(file: Path) -> tuple[dict[str, object] | None, list[Problem]]:
    """The entries of `config` that are the project's, None if the file cannot be read, and the faults around them.

    Keys of other namespaces (`pulumi:tags`) are Pulumi's business and left out.
    """
    data, problems = read_document(file)
    if problems:
        return None, problems
    config = data.get("config") if isinstance(data, dict) else None
    around = {**data, "config": {}} if isinstance(data, dict) and isinstance(config, dict) else data
    _, problems = parse(StackFile, around, display(file))
    if not isinstance(config, dict):
        return None, problems
    return {key: value for key, value in config.items() if key.startswith(PREFIX) or ":" not in key}, problems


@dataclass(frozen=True, slots=True)
class _Written:
    """The project's entries of a stack, the file they stand in (it need not be there), and what is known already.

    `image`: what takes the place of every image that the files name. `passwords_in_stack`: see `SiteFilesReader.read`.
    """

    stack: str
    file: Path
    entries: dict[str, object]
    passwords_in_stack: frozenset[str] | None
    problems: tuple[Problem, ...] = ()
    stand_in: Path | None = None
    image: ImageConfig | None = None


def _load(written: _Written, environ: Mapping[str, str]) -> LabConfig:
    try:
        return _checked(written, environ)
    except ConfigError:
        raise
    except Exception as error:
        problem = Problem(display(written.file), "", unexpected(error))
        raise ConfigError(f"stack {written.stack}", [problem]) from None


def _checked(written: _Written, environ: Mapping[str, str]) -> LabConfig:
    stack = written.stack
    where = display(written.file)
    stack_config, stack_problems = parse(StackConfig, written.entries, where)
    problems = [*written.problems, *stack_problems]
    site_file = _site_file(written, stack_problems)
    site, site_problems = _read_site(site_file, written, where) if site_file else (None, [])
    problems += site_problems
    if site is None or site_file is None:
        raise ConfigError(f"stack {stack}", problems)
    images = ImagesReader(site_file, environ, is_stand_in=site_file == written.stand_in)
    of_targets = images.of_site(site) if written.image is None else (written.image,) * len(site.platform.targets)
    reader = SiteFilesReader(site_file)
    files = reader.read(site, environ, written.passwords_in_stack)
    problems += images.problems + reader.problems
    if stack_config is None:
        raise ConfigError(f"stack {stack}", problems)
    documents = Documents(stack_config, site, where, display(site_file))
    images.problems.clear()
    of_nodes = {} if written.image else images.of_nodes(stack_config, written.file)
    problems += images.problems
    stack_reader = StackFilesReader(written.file)
    declared = stack_reader.read(stack_config)
    problems += stack_reader.problems
    problems += broken_rules(documents)
    found = tuple(image for image in of_targets if image)
    if problems or len(found) < len(of_targets):
        raise ConfigError(f"stack {stack}", sorted(problems, key=lambda problem: problem.where != where))
    lab = resolve(stack, documents, files, declared, found, of_nodes, tuple(map(str, warnings(documents))))
    problems += image_rules.broken_rules(lab, where)
    problems += target_rules.broken_rules_of_images(lab, where, of_nodes)
    if problems:
        raise ConfigError(f"stack {stack}", problems)
    return replace(lab, warnings=(*lab.warnings, *map(str, image_rules.warnings(lab, where))))


def _site_file(written: _Written, problems: list[Problem]) -> Path | None:
    """The site file to read; None if what the stack says of it has a fault."""
    site = written.entries.get(_SITE_KEY)
    fault = any(problem.path in ("", _SITE_KEY) for problem in problems)
    if fault or not isinstance(site, str):
        return None
    file = written.file.parent / site
    return written.stand_in if written.stand_in and is_missing(file) else file


def _read_site(site_file: Path, written: _Written, where: str) -> tuple[SiteSpec | None, list[Problem]]:
    if is_missing(site_file):
        text = f"found {shown(written.entries[_SITE_KEY])}, but there is no file {display(site_file)}: run `make rig`,"
        remedy = "or point kubelab:site at your own (stacks/site.example.yaml is an example)"
        return None, [Problem(where, _SITE_KEY, f"{text} {remedy}")]
    data, problems = read_document(site_file)
    return (None, problems) if problems else parse(SiteSpec, data, display(site_file))
