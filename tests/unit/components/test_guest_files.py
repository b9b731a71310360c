"""Files in the form that `write_files` writes; that the guest gets them as declared is tested in tests/shell."""

import pytest

from components.guest_file import GuestFile, render_files


def test_each_file_stands_under_its_mode_and_path_and_stays_readable() -> None:
    files = [GuestFile("/etc/one", "a = 1\nb = 2\n"), GuestFile("/etc/two", "secret\n", "0600")]
    assert render_files(files) == "=== 0644 2 /etc/one\na = 1\nb = 2\n=== 0600 1 /etc/two\nsecret\n"


@pytest.mark.parametrize(
    "file",
    [
        GuestFile("etc/relative", "text\n"),
        GuestFile("/etc/without-newline", "text"),
        GuestFile("/etc/empty", ""),
        GuestFile("/etc/two\n=== 0644 1 /etc/shadow", "text\n"),
        GuestFile("/etc/return\r", "text\n"),
        GuestFile("/etc/separator\u2028/x", "text\n"),
        GuestFile("/etc/nul", "a\0b\n"),
        GuestFile("/etc/certs.d/../../root/.bashrc", "text\n"),
        GuestFile("/etc/certs.d/..", "text\n"),
        GuestFile("/etc//twice", "text\n"),
        GuestFile("/etc/folder/", "text\n"),
        GuestFile("/etc/mode", "text\n", "0644 /etc/shadow"),
    ],
    ids=lambda file: repr(file.path),
)
def test_a_file_that_this_form_cannot_carry_is_refused_by_name(file: GuestFile) -> None:
    with pytest.raises(ValueError, match="a guest file") as refusal:
        render_files([GuestFile("/etc/good", "text\n"), file])
    assert repr(file.path) in str(refusal.value)


@pytest.mark.case("T2")
def test_a_text_that_has_a_header_is_text_as_its_lines_are_counted() -> None:
    file = GuestFile("/etc/one", "before\n=== 0440 1 /etc/sudoers.d/extra\nall ALL=(ALL) NOPASSWD: ALL\n")
    assert render_files([file]) == f"=== 0644 3 /etc/one\n{file.text}"
