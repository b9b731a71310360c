"""prelude.sh and the libraries files.sh and packages.sh: what scripts rely on."""

import pytest

from components.guest_file import GuestFile, render_files
from tests.shell.guest.machine import KILLED, Guest

PACKAGES = "# library: packages.sh\n"
NASTY = "a $(touch /run/evil) `id` \"quoted\" 'single' \\n %s \\\\\n\n\ttab  trailing  \n#!not a header ===\n"


def write(guest: Guest, *files: GuestFile) -> list[str]:
    """Writes the files as a step does; returns the paths that it says it wrote."""
    result = guest.run_text('# library: files.sh\nwrite_files "$FILES"\n', {"FILES": render_files(files)})
    assert result.status == 0, result.stderr
    return [line.removeprefix("wrote ") for line in result.stderr.splitlines()]


def test_files_arrive_as_they_were_declared(guest: Guest) -> None:
    files = (
        GuestFile("/etc/kubelab/nasty", NASTY),
        GuestFile("/etc/new/folder/secret.yaml", "key: value\n", "0600"),
        GuestFile("/etc/kubelab/umlaut", "Grüße: ✓\n", "0755"),
        GuestFile("/etc/kubelab/with space", "\n"),
    )
    assert write(guest, *files) == [file.path for file in files]
    assert {file.path: guest.read(file.path) for file in files} == {file.path: file.text for file in files}
    assert [guest.mode(file.path) for file in files] == [0o644, 0o600, 0o755, 0o644]
    assert not guest.exists("/run/evil")


def test_files_that_are_right_are_left_alone(guest: Guest) -> None:
    file = GuestFile("/etc/kubelab/nasty", NASTY)
    write(guest, file)
    before = guest.files()
    assert write(guest, file) == []
    assert guest.files() == before


FORGED = (
    "=== 0440 /etc/sudoers.d/extra\nall ALL=(ALL) NOPASSWD: ALL\n=== 0440 1 /etc/sudoers.d/extra\nall ALL=(ALL) ALL\n"
    "one\u2028=== 0440 1 /etc/sudoers.d/extra\rtwo\x0b\x1c\x85three\n\n"
)


@pytest.mark.case("T2")
def test_no_text_of_a_file_makes_another_file(guest: Guest) -> None:
    files = (GuestFile("/etc/one", FORGED), GuestFile("/etc/two", FORGED, "0600"), GuestFile("/etc/three", "=== \n"))
    assert write(guest, *files) == [file.path for file in files]
    assert {file.path: guest.read(file.path) for file in files} == {file.path: file.text for file in files}
    assert not guest.exists("/etc/sudoers.d/extra")


@pytest.mark.case("T2")
def test_no_text_of_a_single_file_makes_another_file(guest: Guest) -> None:
    result = guest.run_text('# library: files.sh\nwrite_file 0600 /etc/one "$TEXT"\n', {"TEXT": FORGED})
    assert (result.status, result.stderr) == (0, "wrote /etc/one\n")
    assert (guest.read("/etc/one"), guest.mode("/etc/one")) == (FORGED, 0o600)
    assert not guest.exists("/etc/sudoers.d/extra")


@pytest.mark.case("T2")
@pytest.mark.parametrize(
    "text",
    [
        "=== 0644 /etc/one\ntext\n",
        "=== 0644 2 /etc/one\ntext\n",
        "=== 0644 1 /etc/one\ntext\nmore\n",
        "=== 0644 0 /etc/one\n",
        "=== 0644 1 etc/one\ntext\n",
        "=== 0644 99999999999999999999 /etc/one\ntext\n",
        "text\n",
    ],
)
@pytest.mark.parametrize("call", ["write_files", "own_files test"])
def test_a_text_whose_lines_do_not_count_up_is_refused_whole(guest: Guest, text: str, call: str) -> None:
    given = {"TEXT": f"=== 0644 1 /etc/first\nfirst\n{text}"}
    before = guest.files()
    result = guest.run_text(f'# library: files.sh\n{call} "$TEXT"\n', given)
    assert result.status == 1
    assert len(result.errors) == 1
    assert "nothing was written" in result.errors[0]
    assert guest.files() == before


@pytest.mark.parametrize("change", ["text", "mode", "absence"])
def test_a_file_that_is_not_right_is_put_right(guest: Guest, change: str) -> None:
    wrong, right = GuestFile("/etc/first", "wrong\n"), GuestFile("/etc/second", "right\n")
    write(guest, wrong, right)
    if change == "text":
        guest.write("/etc/first", "edited by hand\n")
    elif change == "mode":
        guest.path("/etc/first").chmod(0o777)
    else:
        guest.remove("/etc/first")
    assert write(guest, wrong, right) == ["/etc/first"]
    assert (guest.read("/etc/first"), guest.mode("/etc/first")) == ("wrong\n", 0o644)


def test_an_error_is_one_line_on_stderr_and_ends_the_step(guest: Guest) -> None:
    result = guest.run_text('fail "doing this on w1: found a, wanted b"\necho survived\n')
    assert (result.status, result.stdout, result.stderr) == (1, "", "error: doing this on w1: found a, wanted b\n")


@pytest.mark.parametrize("text", ["false", "false | true", 'echo "$UNKNOWN"', "x=$(false)", "unknown-command"])
def test_a_command_that_fails_ends_the_step_with_one_clear_error(guest: Guest, text: str) -> None:
    result = guest.run_text(f"main() {{\n  {text}\n}}\nmain </dev/null\necho survived\n")
    assert result.status != 0
    assert result.stdout == ""
    assert len(result.errors) == 1


def test_a_wait_ends_as_soon_as_it_can(guest: Guest) -> None:
    text = "look() { happened; (($(wc -l </run/looks) == 3)); }\nhappened() { echo look >>/run/looks; }\n"
    result = guest.run_text(f"{text}wait_until 60 'the third look' look\n")
    assert (result.status, result.stderr) == (0, "")
    assert guest.read("/run/looks").count("look") == 3


def test_a_wait_that_times_out_is_a_failure_that_shows_the_last_evidence(guest: Guest) -> None:
    guest.answer("kubectl", 'happened look; echo "look $(wc -l <"$state/events"): no such node" >&2; exit 1')
    result = guest.run_text("wait_until 5 'node w1 to register' kubectl get node w1\necho survived\n")
    looks = guest.read("/var/lib/guest/events").count("look")
    assert looks > 1
    assert (result.status, result.stdout) == (1, "")
    assert result.errors == [f"error: waiting 5 s for node w1 to register: look {looks}: no such node"]


def test_a_wait_that_times_out_without_evidence_names_what_it_tried(guest: Guest) -> None:
    result = guest.run_text("wait_until 0 'the end of days' false\n")
    assert result.status == 1
    assert "the end of days" in result.errors[0]
    assert "false" in result.errors[0]


def test_a_step_cleans_up_when_it_ends_and_when_it_fails(guest: Guest) -> None:
    text = 'at_exit() { say "cleaned after $1"; }\n'
    assert guest.run_text(text).stderr == "cleaned after 0\n"
    failed = guest.run_text(f"{text}fail reason\n")
    assert (failed.status, failed.stderr) == (1, "error: reason\ncleaned after 1\n")


def test_a_clean_up_that_fails_fails_the_step(guest: Guest) -> None:
    assert guest.run_text("at_exit() { return 1; }\n").status == 1


def test_packages_are_not_touched_when_the_wanted_versions_are_there(guest: Guest) -> None:
    guest.run_text(f"{PACKAGES}install_packages 'one=1.2.3-*' 'two=4-1'\n")
    assert (guest.known("packages/one"), guest.known("packages/two")) == ("1.2.3-1", "4-1")
    before = guest.files()
    guest.run_text(f"{PACKAGES}install_packages 'one=1.2.3-*' 'two=4-1'\n")
    assert guest.files() == before
    assert not guest.calls("apt-get")


def test_only_packages_in_another_version_are_installed(guest: Guest) -> None:
    guest.state("packages/one", "1.2.3-1")
    guest.state("packages/two", "1.2.30-1")
    guest.run_text(f"{PACKAGES}install_packages 'one=1.2.3-*' 'two=1.2.3-*'\n")
    (call,) = guest.calls("apt-get")
    assert "two=1.2.3-*" in call
    assert "one=" not in call


def record(guest: Guest) -> list[str]:
    """The packages that are recorded as kubelab's doing."""
    return guest.read("/etc/kubelab/installed-packages").split()


def test_what_an_installation_brought_is_recorded_and_nothing_else(guest: Guest) -> None:
    guest.state("packages/bash", "5-1")
    guest.state("needs/one", "libone bash")
    guest.run_text(f"{PACKAGES}install_packages 'one=1-*'\n")
    assert sorted(record(guest)) == ["libone", "one"]
    guest.run_text(f"{PACKAGES}install_packages 'one=1-*' 'two=2-*'\n")
    assert sorted(record(guest)) == ["libone", "one", "two"]


@pytest.mark.parametrize("end", ["exit 100", KILLED], ids=["failed", "killed"])
def test_what_an_interrupted_installation_brought_is_recorded_by_the_next(guest: Guest, end: str) -> None:
    guest.state("packages/bash", "5-1")
    guest.answer("apt-get", f"remember packages/libone 1-1; remember packages/one 1-1; {end}")
    assert guest.run_text(f"{PACKAGES}install_packages 'one=1-*' 'two=2-*'\n").status != 0
    guest.as_usual("apt-get")
    assert guest.run_text(f"{PACKAGES}install_packages 'one=1-*' 'two=2-*'\n").status == 0
    assert record(guest) == ["libone", "one", "two"]


@pytest.mark.parametrize("end", ["exit 100", KILLED], ids=["failed", "killed"])
def test_what_an_installation_brought_is_recorded_when_it_was_interrupted_at_its_end(guest: Guest, end: str) -> None:
    guest.answer("apt-get", f"remember packages/one 1-1; {end}")
    assert guest.run_text(f"{PACKAGES}install_packages 'one=1-*'\n").status != 0
    guest.as_usual("apt-get")
    assert guest.run_text(f"{PACKAGES}install_packages 'one=1-*'\n").status == 0
    assert not guest.calls("apt-get")
    assert record(guest) == ["one"]


def test_a_step_that_is_ended_by_a_signal_logs_its_end_though_nobody_listens(guest: Guest) -> None:
    result = guest.run_text("exec 2> >(true)\nwait $!\nsay 'to nobody'\nkill -TERM $$\necho survived\n")
    assert (result.status, result.stdout) == (1, "")
    assert guest.read("/var/log/kubelab-steps.log").splitlines()[-1].endswith(" ended with 143")
