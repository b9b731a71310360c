"""From what a user wrote of images to files: paths made absolute, words looked up in lock files, faults gathered."""

import hashlib
import os.path
from collections.abc import Mapping, Sequence
from pathlib import Path

from config.images.lock import LOCK_FILE, LockedImageSpec, LockFile, file_of, how_to_make, image_store
from config.images.spec import Image, ImageSpec, TemplateSpec, default_guest_system, guest_systems
from config.model import parse
from config.platform import BakedConfig, ImageConfig
from config.problems import Problem, one_of, shown
from config.reading.document import read_document
from config.reading.regular_files import display, is_missing, kind_other_than_file
from config.site import SiteSpec
from config.stack import PREFIX, StackConfig


def template_sha256(name: str) -> str:
    """What stands for the SHA-256 of a template: that of its name, for what it holds may change."""
    return hashlib.sha256(f"template {name}".encode()).hexdigest()


class ImagesReader:
    """Finds the images that a site and its stack name, and gathers what is wrong with them in `problems`.

    `is_stand_in`: the site is an example, whose image need not have been made yet.
    """

    def __init__(self, site_file: Path, environ: Mapping[str, str], *, is_stand_in: bool = False) -> None:
        self._site_file = site_file
        self._store = image_store(environ)
        self._is_stand_in = is_stand_in
        self._locks: dict[Path, LockFile | None] = {}
        self.problems: list[Problem] = []

    def of_site(self, site: SiteSpec) -> tuple[ImageConfig | None, ...]:
        """The image of each target of a site file, None for one with a fault."""
        targets = enumerate(site.platform.targets)
        return tuple(self._of_target(f"{site.platform.path(index)}/image", target.image) for index, target in targets)

    def _of_target(self, path: str, image: Image) -> ImageConfig | None:
        if isinstance(image, str) and self._is_stand_in:
            system = image if image in guest_systems() else default_guest_system()
            return ImageConfig(str(self._store / image), "0" * 64, system)
        return self._image(self._site_file, path, image, (self._site_file.parent,))

    def of_nodes(self, stack: StackConfig, stack_file: Path) -> Mapping[str, ImageConfig]:
        """The images of a stack's nodes that have their own, without those with a fault."""
        folders = (stack_file.parent, self._site_file.parent)
        found = {
            name: self._image(stack_file, f"{PREFIX}nodes/{name}/image", node.image, folders)
            for name, node in stack.nodes.items()
            if node.image is not None
        }
        return {name: image for name, image in found.items() if image}

    def _image(self, file: Path, path: str, image: Image, folders: Sequence[Path]) -> ImageConfig | None:
        where = display(file)
        if isinstance(image, TemplateSpec):
            system = image.system or default_guest_system()
            return ImageConfig("", template_sha256(image.template), system, template=image.template)
        if isinstance(image, ImageSpec):
            return self._declared(where, f"{path}/ova", image, file.parent)
        found = self._locked(image, folders)
        if found is None:
            locks = [folder / LOCK_FILE for folder in folders if not is_missing(folder / LOCK_FILE)]
            # One with a fault may know it.
            if all(self._lock(lock) for lock in locks):
                self.problems.append(Problem(where, path, self._not_known(image, folders, locks)))
            return None
        lock, locked = found
        ova = file_of(locked, lock, self._store)
        remedy = locked.remedy
        if is_missing(ova):
            text = f"found {shown(image)}, but its file {display(ova)} is not there: {remedy}"
            self.problems.append(Problem(where, path, text))
        elif kind := kind_other_than_file(ova):
            text = f"found {shown(image)}, whose file {display(ova)} is {kind}, wanted: a regular file; {remedy}"
            self.problems.append(Problem(where, path, text))
        else:
            inside = locked.baked
            baked = BakedConfig(image, inside.kubernetes, inside.runtimes) if inside else None
            return ImageConfig(str(ova), locked.sha256, locked.system, baked)
        return None

    def _declared(self, where: str, path: str, image: ImageSpec, folder: Path) -> ImageConfig | None:
        """The OVA of a mapping: it need not be there, but must be no folder."""
        local = image.ova.removeprefix("file://")
        kind = None if "://" in local else kind_other_than_file(folder / local)
        if kind:
            text = f"found {shown(local)}, which is {kind}, wanted: a regular file"
            self.problems.append(Problem(where, path, text))
            return None
        ova = image.ova if "://" in image.ova else os.path.normpath(folder.absolute() / image.ova)
        return ImageConfig(ova, image.sha256, image.system or default_guest_system())

    def _locked(self, word: str, folders: Sequence[Path]) -> tuple[Path, LockedImageSpec] | None:
        """The first lock file that knows the word, and what it says."""
        for folder in folders:
            lock = folder / LOCK_FILE
            content = self._lock(lock)
            if content and word in content.images:
                return lock, content.images[word]
        return None

    def _lock(self, file: Path) -> LockFile | None:
        """A lock file; None if there is none, or with a fault, which is said once."""
        key = file.absolute()
        if key not in self._locks:
            self._locks[key] = None if is_missing(file) else self._read(file)
        return self._locks[key]

    def _read(self, file: Path) -> LockFile | None:
        data, problems = read_document(file)
        content, faults = (None, problems) if problems else parse(LockFile, data, display(file))
        self.problems += faults
        return content

    def _not_known(self, word: str, folders: Sequence[Path], locks: Sequence[Path]) -> str:
        found = f"found {shown(word)}"
        known = sorted({name for lock in locks if (read := self._lock(lock)) for name in read.images})
        system, baked, stack = word.partition("-baked-")
        if system not in guest_systems() or (baked and not stack):
            return f"{found}, {one_of(word, sorted({*known, *guest_systems()}))}"
        names = dict.fromkeys(display(lock) for lock in locks or [folder / LOCK_FILE for folder in folders])
        state = f"but there is no {' or '.join(names)}"
        if locks:
            state = f"known in {' and '.join(names)}: {', '.join(known) or 'none'}"
        return f"{found}, {state}; {how_to_make(system, stack or None)}, or write ova and sha256 in its place"
