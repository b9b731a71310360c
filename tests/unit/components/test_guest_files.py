"""Files in the form that the prelude writes; that the guest gets them as declared is tested in tests/shell."""

import pytest

from components.guest_file import GuestFile, render_files


def test_each_file_stands_under_its_mode_and_path_and_stays_readable() -> None:
    files = [GuestFile("/etc/one", "a = 1\nb = 2\n"), GuestFile("/etc/two", "secret\n", "0600")]
    assert render_files(files) == "=== 0644 /etc/one\na = 1\nb = 2\n=== 0600 /etc/two\nsecret\n"


@pytest.mark.parametrize(
    "file",
    [
        GuestFile("etc/relative", "text\n"),
        GuestFile("/etc/without-newline", "text"),
        GuestFile("/etc/empty", ""),
        GuestFile("/etc/two\n=== 0644 /etc/shadow", "text\n"),
        GuestFile("/etc/header", "text\n=== 0644 /etc/shadow\nroot::0:0\n"),
        GuestFile("/etc/nul", "a\0b\n"),
    ],
    ids=lambda file: repr(file.path),
)
def test_a_file_that_this_form_cannot_carry_is_refused_by_name(file: GuestFile) -> None:
    with pytest.raises(ValueError, match="a guest file") as refusal:
        render_files([GuestFile("/etc/good", "text\n"), file])
    assert file.path.splitlines()[0] in str(refusal.value)


def test_a_line_that_only_resembles_a_header_is_text() -> None:
    assert render_files([GuestFile("/etc/one", " === not one\n==== nor this\n")])
