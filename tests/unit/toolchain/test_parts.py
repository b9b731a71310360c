"""Parts as data: their keys, and the order they are built in."""

from pathlib import Path

import pytest

from toolchain.build.part import Part, Workplace, cache_key, cache_keys, in_order


def nothing(place: Workplace, out: Path) -> None:
    del place, out


def part(name: str, *needs: str, files: tuple[Path, ...] = (), **values: str) -> Part:
    return Part(name, name, nothing, files=files, values=values, needs=needs)


def test_a_part_comes_after_those_it_needs_and_otherwise_as_listed() -> None:
    parts = (part("images", "kubernetes", "etcd"), part("etcd"), part("kubernetes"), part("ova"))
    assert [each.name for each in in_order(parts)] == ["kubernetes", "etcd", "images", "ova"]


def test_parts_that_need_each_other_are_an_error_that_names_the_circle() -> None:
    with pytest.raises(ValueError, match="a -> b -> a"):
        in_order((part("a", "b"), part("b", "a")))


def test_a_part_that_needs_an_unknown_one_is_an_error_that_names_both() -> None:
    with pytest.raises(ValueError, match="a needs nowhere"):
        in_order((part("a", "nowhere"),))


def test_the_key_changes_with_a_files_content_name_and_mode_and_comes_back_with_them(tmp_path: Path) -> None:
    source = tmp_path / "module"
    source.mkdir()
    file = source / "main.go"
    file.write_text("package main\n")

    def key() -> str:
        return cache_key(part("p", files=(source,)), tmp_path, {})

    first = key()
    file.write_text("package other\n")
    assert key() != first
    file.write_text("package main\n")
    assert key() == first
    file.chmod(0o755)
    assert key() != first
    file.chmod(0o644)
    file.rename(source / "other.go")
    assert key() != first


def test_the_key_does_not_depend_on_where_the_project_lies(tmp_path: Path) -> None:
    keys = set()
    for name in ("one", "two"):
        file = tmp_path / name / "go.mod"
        file.parent.mkdir()
        file.write_text("module m\n")
        keys.add(cache_key(part("p", files=(file,)), tmp_path / name, {}))
    assert len(keys) == 1


def test_compiled_python_files_and_go_tests_are_no_inputs(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").mkdir()
    before = cache_key(part("p", files=(tmp_path,)), tmp_path, {})
    (tmp_path / "__pycache__" / "m.cpython-311.pyc").write_bytes(b"x")
    (tmp_path / "main_test.go").write_text("package main\n")
    assert cache_key(part("p", files=(tmp_path,)), tmp_path, {}) == before


def test_the_key_changes_with_a_value(tmp_path: Path) -> None:
    old, new = (cache_key(part("p", version=version), tmp_path, {}) for version in ("1.36.3", "1.36.4"))
    assert old != new


def test_a_changed_part_changes_the_keys_of_those_that_need_it_and_no_others(tmp_path: Path) -> None:
    def keys(version: str) -> dict[str, str]:
        parts = (part("kubernetes", version=version), part("images", "kubernetes"), part("etcd"))
        return cache_keys(in_order(parts), tmp_path)

    old, new = keys("1.36.3"), keys("1.36.4")
    assert {name for name in old if old[name] != new[name]} == {"kubernetes", "images"}
