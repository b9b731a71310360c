"""Keeps the working tree clean though each clone's stack files hold a salt of their own.

Git compares the sizes of files first: one that it wrote without the salt, as by `git checkout`, would count as changed
for good once the engine has put the salt back. So what git writes has its salt again, from a copy that is kept.
"""

import os
from pathlib import Path

from toolchain import salt
from toolchain.layout import Layout
from toolchain.progress import Progress
from toolchain.system import run
from toolchain.system.secrets import read_secret, secret_file

FILTER = "pulumi-stack"
CLEAN = "sed '/^encryptionsalt: /d'"
# Appends the file's salt, if one was kept, but not where another secrets provider is chosen. %f: git's name of it.
SMUDGE = "sed -e '/^encryptionsalt: /d' -e '/^secretsprovider:/,$b' -e '$r '{salts}/%f"


def prepare(layout: Layout, progress: Progress) -> None:
    """Gives every tracked stack file this clone's salt, hidden from git by the filter of .gitattributes.

    Outside a git work tree, or without the filter in .gitattributes, nothing is changed.
    """
    if not (layout.project / ".git").exists():
        return
    tracked = _tracked(layout.project)
    if not tracked:
        return
    passphrase = read_secret(layout.passphrase_file)
    own = _own_salt(layout, passphrase)
    salts = layout.state / "salt"
    _git(layout.project, "config", f"filter.{FILTER}.clean", CLEAN)
    smudge = SMUDGE.format(salts=salts.relative_to(layout.project))
    _git(layout.project, "config", f"filter.{FILTER}.smudge", smudge)
    for file in tracked:
        text = file.read_text()
        present = salt.salt_of(text)
        if present is None or not (present == own or salt.belongs_to(present, passphrase)):
            if present is not None:
                progress.note(f"{file.relative_to(layout.project)}: its salt is of another passphrase, replaced")
            file.write_text(salt.with_salt(text, own))
            present = own
        _keep(salts / file.relative_to(layout.project), salt.with_salt("", present))
    for file in tracked:
        _forget_size(layout.project, file)


def _own_salt(layout: Layout, passphrase: str) -> str:
    file = layout.state / "encryptionsalt"
    if file.is_file() and salt.belongs_to(file.read_text().strip(), passphrase):
        return file.read_text().strip()
    fresh = salt.new_salt(passphrase)
    secret_file(file, fresh + "\n")
    return fresh


def _keep(file: Path, text: str) -> None:
    """Writes a file that may be read meanwhile, unless it says the same already."""
    if not file.is_file() or file.read_text() != text:
        secret_file(file, text)


def _tracked(project: Path) -> list[Path]:
    listing = _git(project, "ls-files", "-z", "--", ":(glob)stacks/Pulumi.*.yaml").split("\0")
    names = [name for name in listing if name and (project / name).is_file()]
    filtered = [name for name in names if _git(project, "check-attr", "filter", "--", name).strip().endswith(FILTER)]
    return [project / name for name in filtered]


def _forget_size(project: Path, file: Path) -> None:
    """Re-enters the file in the index with the content it has there, but without its size: git takes a changed size
    for a change and never asks the filter. What is staged stays as it is."""
    name = str(file.relative_to(project))
    entry = _git(project, "ls-files", "--stage", "--", name).split()
    if len(entry) == 4 and entry[2] == "0":
        _git(project, "update-index", "--cacheinfo", f"{entry[0]},{entry[1]},{name}")


def _git(project: Path, *arguments: str) -> str:
    return run.answer(["git", *arguments], "keeping the stack files' salt out of git", os.environ, cwd=project)
