"""The table that people read."""

from doctor import table

ROWS = (
    "cp1\tcontainerd\tunix:///run/containerd/containerd.sock\tcontainerd 2.3.4\tcontainerd://2.3.4\tsystemd\tflannel\n"
)


def test_columns_stand_below_their_headings_and_no_line_ends_in_blanks() -> None:
    rows = [["cp1", "docker", "a", "b", "c", "systemd/systemd/systemd", "10-flannel.conflist", "off"]]
    rows.append(["w1", *"1234567"])
    lines = table.render(rows).splitlines()
    assert lines == [line.rstrip() for line in lines]
    assert len(lines) == 3
    for column, heading in enumerate(table.HEADINGS):
        start = lines[0].index(heading)
        assert [line[start:].startswith(row[column]) for line, row in zip(lines[1:], rows, strict=True)] == [True, True]


def test_without_rows_there_are_headings_alone() -> None:
    assert table.render([]).split("  ")[0] == "NODE"
    assert table.render([]).count("\n") == 1


def test_cells_are_what_stands_between_tabs_so_that_they_may_have_blanks() -> None:
    assert table.parse(ROWS) == [
        [
            "cp1",
            "containerd",
            "unix:///run/containerd/containerd.sock",
            "containerd 2.3.4",
            "containerd://2.3.4",
            "systemd",
            "flannel",
        ]
    ]
    assert table.parse("") == []


def test_a_row_has_a_cell_for_every_heading_of_what_is_compared() -> None:
    assert {len(row) for row in table.parse(ROWS)} == {len(table.COMPARED)}
