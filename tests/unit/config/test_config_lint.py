"""`python -m config FILE...`: faults and warnings of stacks and sites, an exit status, no engine and no time."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config.__main__ import main
from tests.unit.config.lab_folder import CASES, LabFolder, text_of

ROOT = Path(__file__).parents[3]
SHIPPED = sorted((ROOT / "stacks").glob("Pulumi.*.yaml"))
OF_THE_DOOR = sorted(
    case for case in (CASES / "invalid").iterdir() if case.name.split("-")[0] in map(str, range(91, 130))
)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str], list[str]]:
    """The exit status, what was printed, and what on stderr."""
    status = main(arguments, {})
    captured = capsys.readouterr()
    return status, captured.out.splitlines(), captured.err.splitlines()


@pytest.mark.case("D21")
def test_a_stack_without_fault_ends_with_0_and_its_warnings(
    minimal: LabFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, "stacks/Pulumi.lab.yaml") == (0, ["stacks/Pulumi.lab.yaml: no fault"], [])
    minimal.stack.write_text(minimal.stack.read_text().replace("    w1: {role: worker}\n", ""))
    status, out, warned = said(capsys, "stacks/Pulumi.lab.yaml")
    assert (status, out) == (0, ["stacks/Pulumi.lab.yaml: no fault, but see the warnings"])
    (warning,) = warned
    assert warning.startswith("warning: stacks/Pulumi.lab.yaml: kubelab:nodes")
    assert "schedulable: true" in warning


@pytest.mark.case("D18")
def test_faults_end_with_1_a_line_each(minimal: LabFolder, capsys: pytest.CaptureFixture[str]) -> None:
    minimal.edit_site("addresses:", "proxy: x\naddresses:")
    status, out, err = said(capsys, "stacks/Pulumi.lab.yaml")
    assert (status, out) == (1, [])
    assert err[0] == "reading the configuration of stack lab: 1 problem"
    assert err[1].startswith("site.yaml: proxy: kubelab sets no proxy on machines; remove it")


@pytest.mark.parametrize("case", OF_THE_DOOR, ids=lambda case: case.name)
def test_every_case_of_the_door_prints_exactly_its_lines(
    case: Path, minimal: LabFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in (minimal.stack, minimal.site):
        if (case / file.name).exists():
            file.write_text(text_of(case / file.name))
    status, _, err = said(capsys, "stacks/Pulumi.lab.yaml")
    assert status == 1
    assert err[1:] == text_of(case / "expected.txt").splitlines()


@pytest.mark.usefixtures("minimal")
def test_all_files_are_looked_at_though_one_has_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = said(capsys, "stacks/Pulumi.none.yaml", "stacks/Pulumi.lab.yaml", "site.yaml")
    assert status == 1
    assert out == ["stacks/Pulumi.lab.yaml: no fault", "site.yaml: no fault"]
    assert len(err) == 2


def test_a_site_file_alone_is_checked_with_the_files_it_names(
    minimal: LabFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    minimal.edit_site("user: root", "user: root\n    tls: {caFile: ca.pem}\n    passwordFile: password")
    status, _, err = said(capsys, "site.yaml")
    assert status == 1
    assert [line.split(": ")[1] for line in err[1:]] == [
        "platform/vsphere/passwordFile",
        "platform/vsphere/tls/caFile",
    ]


@pytest.mark.case("D6", "D9")
@pytest.mark.parametrize("name", ["stacks", "/dev/zero", "Pulumi.\udcff.yaml", "a\nb", "a" * 5_000, ""])
def test_whatever_is_named_is_answered_in_lines(
    name: str, minimal: LabFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert minimal.path == Path.cwd()
    status, out, err = said(capsys, name)
    assert (status, out) == (1, [])
    assert len(err) == 2
    assert "cannot be read: " in err[1]


def test_a_site_that_is_not_there_is_a_fault_unless_another_stands_in(
    minimal: LabFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    minimal.site.rename("other.yaml")
    status, _, err = said(capsys, "stacks/Pulumi.lab.yaml")
    assert status == 1
    assert "there is no file site.yaml" in err[1]
    assert said(capsys, "--stand-in", "other.yaml", "stacks/Pulumi.lab.yaml")[0] == 0


def test_the_shipped_stacks_have_no_fault_and_take_less_than_a_second(tmp_path: Path) -> None:
    stacks = shutil.copytree(ROOT / "stacks", tmp_path / "stacks")
    command = [sys.executable, "-X", "importtime", "-m", "config", "--stand-in", str(stacks / "site.example.yaml")]
    command += [str(stacks / file.name) for file in SHIPPED]
    timed = f"import resource, subprocess; subprocess.run({command!r}, check=True); "
    timed += "print(sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]))"
    ran = subprocess.run([sys.executable, "-c", timed], cwd=ROOT, capture_output=True, text=True, check=True)
    *lines, seconds = ran.stdout.splitlines()
    assert len(lines) == len(SHIPPED) >= 4
    assert all(line.endswith(": no fault") for line in lines)
    assert float(seconds) < 1
    assert "yaml" in ran.stderr
    assert not re.search(r"\bpulumi\b", ran.stderr)
