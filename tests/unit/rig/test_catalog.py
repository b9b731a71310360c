"""The parts that follow from what stack files ask for, and from what is built already."""

from pathlib import Path

import pytest

from components.handlers import HANDLERS as PRODUCTS_HANDLERS
from components.runtimes import RUNTIMES as PRODUCTS_RUNTIMES
from config.images.spec import default_guest_system
from rig import catalog
from rig.catalog import DEFAULT_SYSTEM, catalog_for
from rig.mirror.debian import BOOKWORM, TRIXIE
from rig.mirror.handlers import HANDLERS
from rig.mirror.parts import mirror_parts, runtime_parts
from rig.mirror.runtimes import RUNTIMES
from rig.node import guests
from rig.stack_needs import Needs, needs_of
from tests.unit.rig.stack_files import MIXED, OLDER, SANDBOXED, stack
from toolchain.build.part import Part, cache_keys, in_order
from toolchain.build.store import Store
from toolchain.layout import Layout

ROOT = Path(__file__).parents[3]
OF_GVISOR, OF_KATA = {"gvisor", "gvisor-release"}, {"kata-stand-in"}
OF_CRIO = {"cri-o", "pinns", "conmon", "packages-crio"}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """This project with an empty cache of its own."""
    return Layout(ROOT, tmp_path / ".rig", tmp_path / "cache", tmp_path / "run")


@pytest.fixture
def stacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of stack files, in place of the project's."""
    folder = tmp_path / "stacks"
    folder.mkdir()

    def in_folder(name: str, projects: Path) -> Needs:
        assert projects == ROOT / "stacks"
        return needs_of(name, folder)

    monkeypatch.setattr(catalog, "needs_of", in_folder)
    return folder


def names(parts: tuple[Part, ...]) -> set[str]:
    return {part.name for part in parts}


def put(layout: Layout, parts: tuple[Part, ...], keys: dict[str, str]) -> None:
    """Lets parts be built already."""
    for part in parts:
        Store(layout.cache).path(part.name, keys[part.name]).mkdir(parents=True)


def test_the_rig_knows_the_products_words_for_runtimes() -> None:
    assert set(RUNTIMES) == set(PRODUCTS_RUNTIMES)


def test_the_rig_knows_the_products_words_for_handlers() -> None:
    assert set(HANDLERS) == set(PRODUCTS_HANDLERS)


def test_the_labs_own_guest_system_is_the_products_default() -> None:
    assert default_guest_system() == DEFAULT_SYSTEM


def test_only_what_the_runtimes_need_is_built() -> None:
    every = names(mirror_parts(RUNTIMES, [TRIXIE]))
    crio, docker = names(mirror_parts({"crio"}, [TRIXIE])), names(mirror_parts({"docker"}, [TRIXIE]))
    assert every - crio == {
        "containerd",
        "packages-containerd-debian-13",
        "docker-engine",
        "cri-dockerd",
        "cri-dockerd-release",
        "packages-docker-debian-13",
    }
    assert every - docker == OF_CRIO
    assert not names(mirror_parts({"containerd"}, [TRIXIE])) & {"cri-o", "cri-dockerd", "docker-engine"}


def test_another_runtime_changes_no_part_but_the_repositories() -> None:
    few, many = (cache_keys(in_order(mirror_parts(words, [TRIXIE])), ROOT) for words in ({"containerd"}, RUNTIMES))
    assert [name for name, key in few.items() if many[name] != key] == ["apt"]


def test_only_the_handlers_of_a_stack_add_their_archives_and_change_nothing_else(layout: Layout, stacks: Path) -> None:
    stack(stacks, "config: {kubelab:nodes: {cp1: {role: controlPlane}}}", "plain")
    stack(stacks, SANDBOXED, "sandboxed")
    stack(stacks, "config: {kubelab:nodes: {w1: {handlers: [kata]}}}", "kata")
    plain, sandboxed, kata = (catalog_for([name], layout).parts for name in ("plain", "sandboxed", "kata"))
    assert not names(plain) & {*OF_GVISOR, *OF_KATA}
    assert names(sandboxed) - names(plain) == OF_GVISOR
    assert names(kata) - names(plain) == OF_KATA
    keys = [cache_keys(in_order(parts), ROOT) for parts in (plain, sandboxed)]
    assert keys[0].items() <= keys[1].items()


def test_an_archive_of_a_handler_that_is_built_already_is_served_too(layout: Layout) -> None:
    lean = names(catalog_for(["containerd"], layout).parts)
    parts = HANDLERS["gvisor"].parts
    put(layout, parts, cache_keys(in_order(parts), layout.project))
    assert names(catalog_for(["containerd"], layout).parts) - lean == OF_GVISOR


def test_another_guest_system_adds_its_packages_and_changes_the_repositories_alone() -> None:
    one, two = (
        cache_keys(in_order(mirror_parts({"docker"}, releases)), ROOT) for releases in ([TRIXIE], [TRIXIE, BOOKWORM])
    )
    assert two.keys() - one.keys() == {
        "debian-12-packages",
        "packages-containerd-debian-12",
        "packages-docker-debian-12",
    }
    assert [name for name, key in one.items() if two[name] != key] == ["apt"]


def test_a_lab_has_one_guest_system_unless_a_stack_names_more(layout: Layout, stacks: Path) -> None:
    stack(stacks, MIXED)
    found = catalog_for(["lab"], layout)
    assert (found.systems, found.releases) == (("debian-13",), (TRIXIE,))
    assert "guest-debian-13" in names(found.parts)
    assert not [name for name in names(found.parts) if "debian-12" in name]


def test_a_stack_with_a_debian_12_node_gets_its_image_and_its_packages(layout: Layout, stacks: Path) -> None:
    stack(stacks, OLDER)
    found = catalog_for(["lab"], layout)
    assert (found.systems, found.releases) == (("debian-13", "debian-12"), (TRIXIE, BOOKWORM))
    assert {
        "guest-debian-13",
        "guest-debian-12",
        "debian-13-packages",
        "debian-12-packages",
        "packages-containerd-debian-13",
        "packages-containerd-debian-12",
    } <= names(found.parts)


def test_several_stacks_get_what_each_of_them_needs(layout: Layout, stacks: Path) -> None:
    stack(stacks, OLDER, "older")
    stack(stacks, "config: {kubelab:cluster: {runtime: crio}}", "crio")
    found = catalog_for(["older", "crio"], layout)
    assert found.systems == ("debian-13", "debian-12")
    assert {*OF_CRIO, "containerd"} <= names(found.parts)


def test_words_that_the_lab_does_not_know_add_nothing(layout: Layout, stacks: Path) -> None:
    stack(stacks, "config: {kubelab:nodes: {w1: {runtime: crio}}}", "known")
    more = "w2: {runtime: rkt, image: ubuntu-24.04}, w3: {runtime: crio, image: my-own, handlers: [runsc]}"
    stack(stacks, f"config: {{kubelab:nodes: {{w1: {{runtime: crio}}, {more}}}}}", "unknown")
    known, unknown = catalog_for(["known"], layout), catalog_for(["unknown"], layout)
    assert (unknown.systems, names(unknown.parts)) == (known.systems, names(known.parts))


def test_what_is_built_already_is_served_too(layout: Layout) -> None:
    lean = names(catalog_for(["containerd"], layout).parts)
    assert not lean & {"cri-o", "cri-dockerd"}
    keys = cache_keys(in_order(mirror_parts(RUNTIMES, [TRIXIE])), layout.project)
    put(layout, runtime_parts(RUNTIMES["crio"], [TRIXIE]), keys)
    assert names(catalog_for(["containerd"], layout).parts) - lean == OF_CRIO


def test_half_a_runtime_is_not_served(layout: Layout) -> None:
    keys = cache_keys(in_order(mirror_parts(RUNTIMES, [TRIXIE])), layout.project)
    Store(layout.cache).path("cri-o", keys["cri-o"]).mkdir(parents=True)
    assert "cri-o" not in names(catalog_for(["containerd"], layout).parts)


def test_an_image_that_is_built_already_is_offered_too(layout: Layout) -> None:
    older = (guests.part("debian-12"),)
    put(layout, older, cache_keys(older, layout.project))
    found = catalog_for(["containerd"], layout)
    assert found.systems == ("debian-13", "debian-12")
    assert {"guest-debian-12", "debian-12-packages"} <= names(found.parts)
