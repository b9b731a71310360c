"""The files that a stack declares for nodes and for components of the control plane, with what their sources hold."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from config.declared.components import COMPONENTS
from config.declared.files import LARGEST_FILE, LARGEST_FILES, ContentSpec, NodeFileSpec
from config.lab import DeclaredFile
from config.problems import Problem, shown
from config.reading.regular_files import UnreadableFileError, display, read_text
from config.stack import PREFIX, ClusterSpec, StackConfig

_CLUSTER, _NODES = f"{PREFIX}cluster", f"{PREFIX}nodes"


@dataclass(frozen=True, slots=True)
class DeclaredFiles:
    """The files of each node by its name, the cluster's among them, and those of the control plane's components."""

    nodes: Mapping[str, tuple[DeclaredFile, ...]]
    control_plane: tuple[DeclaredFile, ...]


class StackFilesReader:
    """Reads the sources that one stack file names, and gathers what is wrong with them in `problems`."""

    def __init__(self, stack_file: Path) -> None:
        self._folder = stack_file.parent
        self._where = display(stack_file)
        self.problems: list[Problem] = []

    def read(self, stack: StackConfig) -> DeclaredFiles:
        """Every file with its text; those with a fault are left out."""
        common = self._of_nodes(f"{_CLUSTER}/files", stack.cluster.files)
        self.problems += self._misfits(f"{_CLUSTER}/files", common.values())
        nodes = {}
        for name, node in stack.nodes.items():
            path = f"{_NODES}/{name}/files"
            together = {**common, **self._of_nodes(path, node.files)}
            self.problems += self._misfits(path, together.values()) if node.files else ()
            nodes[name] = tuple(together[each] for each in sorted(together))
        return DeclaredFiles(nodes, tuple(self._of_components(stack.cluster)))

    def _of_nodes(self, path: str, files: Mapping[str, NodeFileSpec]) -> dict[str, DeclaredFile]:
        found = {}
        for name, file in files.items():
            text = self._text(f"{path}/{name}", file)
            if text is not None:
                mode = file.mode or ("0600" if file.secret else "0644")
                found[name] = DeclaredFile(name, SecretStr(text), mode, file.secret)
        return found

    def _of_components(self, cluster: ClusterSpec) -> Iterator[DeclaredFile]:
        for key, files in (
            ("apiServer", cluster.api_server.files),
            ("controllerManager", cluster.controller_manager.files),
            ("scheduler", cluster.scheduler.files),
        ):
            folder = COMPONENTS[key].folder
            path = f"{_CLUSTER}/{key}/files"
            texts = {name: self._text(f"{path}/{name}", file) for name, file in files.items()}
            found = [
                DeclaredFile(f"{folder}/{name}", SecretStr(text), "0600", secret=True)
                for name, text in sorted(texts.items())
                if text is not None
            ]
            self.problems += self._misfits(path, found)
            yield from found

    def _text(self, path: str, file: ContentSpec) -> str | None:
        text = file.content if file.source is None else self._source(path, file.source)
        return None if text is None else text.removesuffix("\n") + "\n"

    def _source(self, path: str, source: str) -> str | None:
        file = self._folder / source
        try:
            text = read_text(file)
        except UnreadableFileError as error:
            self._fault(f"{path}/source", f"found {shown(source)}, but {display(file)} cannot be read: {error}")
            return None
        if "\0" in text or len(text.encode()) > LARGEST_FILE:
            wanted = f"wanted: a text without NUL, of {LARGEST_FILE} bytes or less"
            self._fault(f"{path}/source", f"found {shown(source)}, {wanted}")
            return None
        return text

    def _misfits(self, path: str, files: Iterable[DeclaredFile]) -> Iterator[Problem]:
        """Files that do not go together: a folder cannot be a file too, and all of them are kept in the state."""
        known = list(files)
        names = {file.path for file in known}
        for name in sorted(names):
            inside = sorted(other for other in names if other.startswith(f"{name}/"))
            if inside:
                yield Problem(
                    self._where, f"{path}/{name}", f"found {', '.join(inside)} below it, allowed: one of them"
                )
        size = sum(len(file.text.get_secret_value().encode()) for file in known)
        if size > LARGEST_FILES:
            yield Problem(self._where, path, f"found {size} bytes together, allowed: {LARGEST_FILES}")

    def _fault(self, path: str, text: str) -> None:
        self.problems.append(Problem(self._where, path, text))
