"""The engine's salt in stack files: accepted by the right passphrase alone, and never in what git sees."""

import io
import os
import subprocess
from pathlib import Path

import pytest

from toolchain import salt, stack_files
from toolchain.layout import Layout
from toolchain.progress import Progress
from toolchain.system.secrets import ensure_secret

# Written by the engine (3.259) for this passphrase.
ENGINE_PASSPHRASE = "correct horse battery staple"
ENGINE_SALT = "v1:bnBw/W8Wr+E=:v1:H+ZnfHg1jdGhrTu0:mmpCwFWwdynVBgPkPdviZUd1EW19ew=="
STACK = "# a lab\nconfig:\n  kubelab:nodes:\n    cp1: {role: controlPlane}\n"


def test_the_engines_own_salt_is_understood() -> None:
    assert salt.belongs_to(ENGINE_SALT, ENGINE_PASSPHRASE)
    assert not salt.belongs_to(ENGINE_SALT, "another")


def test_a_salt_belongs_to_its_passphrase_alone() -> None:
    made = salt.new_salt("one")
    assert salt.belongs_to(made, "one")
    assert not salt.belongs_to(made, "two")


@pytest.mark.parametrize("broken", ["", "v1:abc", "v2:x:v1:y:z", "v1:!!:v1:!!:!!", "v1:AAAA:v1:AAAA:AAAA"])
def test_a_broken_salt_belongs_to_nobody(broken: str) -> None:
    assert not salt.belongs_to(broken, "one")


def test_the_salt_is_the_last_line_and_the_rest_stays_byte_for_byte() -> None:
    assert salt.with_salt(STACK, "v1:a") == f"{STACK}encryptionsalt: v1:a\n"
    assert salt.with_salt(salt.with_salt(STACK, "v1:a"), "v1:b") == f"{STACK}encryptionsalt: v1:b\n"
    assert salt.salt_of(salt.with_salt(STACK, "v1:a")) == "v1:a"
    assert salt.salt_of(STACK) is None


def test_a_stack_with_another_secrets_provider_is_left_alone() -> None:
    text = f"secretsprovider: awskms://key\n{STACK}"
    assert salt.with_salt(text, "v1:a") == text


@pytest.fixture
def clone(tmp_path: Path) -> Layout:
    project = tmp_path / "project"
    (project / "stacks").mkdir(parents=True)
    (project / ".gitattributes").write_text(f"stacks/Pulumi.*.yaml filter={stack_files.FILTER}\n")
    (project / ".gitignore").write_text(".rig/\n")
    (project / "stacks" / "Pulumi.one.yaml").write_text(STACK)
    (project / "stacks" / "Pulumi.two.yaml").write_text(STACK)
    layout = Layout(project, project / ".rig", tmp_path / "cache", tmp_path / "run")
    ensure_secret(layout.passphrase_file)
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
        git(project, *arguments)
    return layout


def git(project: Path, *arguments: str) -> str:
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    environ = {**os.environ, **who, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    done = subprocess.run(["git", *arguments], cwd=project, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def prepare(layout: Layout) -> str:
    said = io.StringIO()
    stack_files.prepare(layout, Progress(said))
    return said.getvalue()


def test_every_stack_file_gets_the_clones_salt_and_git_sees_no_change(clone: Layout) -> None:
    prepare(clone)
    texts = {(clone.project / "stacks" / f"Pulumi.{name}.yaml").read_text() for name in ("one", "two")}
    assert len(texts) == 1
    found = salt.salt_of(texts.pop())
    assert found is not None
    assert salt.belongs_to(found, clone.passphrase_file.read_text().strip())
    assert git(clone.project, "status", "--porcelain") == ""
    assert git(clone.project, "diff") == ""


def test_a_second_run_changes_nothing(clone: Layout) -> None:
    prepare(clone)
    file = clone.project / "stacks" / "Pulumi.one.yaml"
    before = file.read_text()
    assert prepare(clone) == ""
    assert file.read_text() == before


def test_a_users_change_is_still_a_change_and_is_committed_without_the_salt(clone: Layout) -> None:
    prepare(clone)
    file = clone.project / "stacks" / "Pulumi.one.yaml"
    file.write_text(file.read_text().replace("a lab", "my lab"))
    assert git(clone.project, "status", "--porcelain") == " M stacks/Pulumi.one.yaml\n"
    prepare(clone)
    assert git(clone.project, "status", "--porcelain") == " M stacks/Pulumi.one.yaml\n"
    git(clone.project, "commit", "-q", "-a", "-m", "mine")
    assert git(clone.project, "show", "HEAD:stacks/Pulumi.one.yaml") == STACK.replace("a lab", "my lab")


def test_what_is_staged_stays_staged(clone: Layout) -> None:
    file = clone.project / "stacks" / "Pulumi.one.yaml"
    file.write_text(STACK.replace("a lab", "my lab"))
    git(clone.project, "add", "stacks")
    prepare(clone)
    assert git(clone.project, "status", "--porcelain") == "M  stacks/Pulumi.one.yaml\n"


def test_a_salt_of_a_lost_passphrase_is_replaced_and_that_is_said(clone: Layout) -> None:
    prepare(clone)
    clone.passphrase_file.unlink()
    ensure_secret(clone.passphrase_file)
    assert "stacks/Pulumi.one.yaml: its salt is of another passphrase, replaced" in prepare(clone)
    assert git(clone.project, "status", "--porcelain") == ""


def one(clone: Layout) -> Path:
    return clone.project / "stacks" / "Pulumi.one.yaml"


def edited(clone: Layout) -> str:
    """Sets a stack up and edits it, with git looking at each state; returns the text before the edit."""
    prepare(clone)
    assert git(clone.project, "status", "--porcelain") == ""
    before = one(clone).read_text()
    one(clone).write_text(before.replace("cp1", "cp1-renamed"))
    assert git(clone.project, "status", "--porcelain") == " M stacks/Pulumi.one.yaml\n"
    return before


def test_an_edit_that_is_put_back_by_hand_is_no_change(clone: Layout) -> None:
    one(clone).write_text(edited(clone))
    assert git(clone.project, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    "commands",
    [
        [["checkout", "--", "stacks"]],
        [["restore", "stacks/Pulumi.one.yaml"]],
        [["reset", "-q", "--hard"]],
        [["stash", "-q"]],
        [["commit", "-q", "-a", "-m", "mine"], ["checkout", "-q", "HEAD~1"]],
    ],
    ids=lambda commands: commands[-1][0],
)
def test_an_edit_that_git_puts_back_is_no_change_and_the_salt_is_there(
    clone: Layout, commands: list[list[str]]
) -> None:
    before = edited(clone)
    for arguments in commands:
        git(clone.project, *arguments)
    assert one(clone).read_text() == before
    assert git(clone.project, "status", "--porcelain") == ""


def test_a_copy_from_before_the_set_up_is_no_change_once_the_engine_was_at_it(clone: Layout) -> None:
    edited(clone)
    one(clone).write_text(STACK)
    own = (clone.state / "encryptionsalt").read_text().strip()
    with one(clone).open("a") as file:  # as the engine does: the salt that is in the state, as the last line
        file.write(f"encryptionsalt: {own}\n")
    assert git(clone.project, "status", "--porcelain") == ""


def test_a_stack_that_the_engine_gave_a_salt_gets_that_one_back(clone: Layout) -> None:
    own = salt.new_salt(clone.passphrase_file.read_text().strip())
    one(clone).write_text(salt.with_salt(STACK, own))
    edited(clone)
    git(clone.project, "checkout", "--", "stacks")
    assert salt.salt_of(one(clone).read_text()) == own
    assert git(clone.project, "status", "--porcelain") == ""


def test_a_stack_that_was_never_set_up_gets_nobodys_salt(clone: Layout) -> None:
    prepare(clone)
    file = clone.project / "stacks" / "Pulumi.new.yaml"
    file.write_text(STACK)
    git(clone.project, "add", "stacks")
    git(clone.project, "commit", "-q", "-m", "new")
    file.unlink()
    git(clone.project, "checkout", "--", "stacks")
    assert file.read_text() == STACK


def test_a_stack_that_chose_another_secrets_provider_meanwhile_gets_no_salt(clone: Layout) -> None:
    prepare(clone)
    other = f"secretsprovider: awskms://key\n{STACK}"
    one(clone).write_text(other)
    git(clone.project, "commit", "-q", "-a", "-m", "other")
    one(clone).unlink()
    git(clone.project, "checkout", "--", "stacks")
    assert one(clone).read_text() == other


def test_without_the_filter_in_gitattributes_no_file_is_touched(clone: Layout) -> None:
    git(clone.project, "rm", "-q", ".gitattributes")
    prepare(clone)
    assert (clone.project / "stacks" / "Pulumi.one.yaml").read_text() == STACK
