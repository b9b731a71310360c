"""What each handler adds to the mirror: archives that are not upstream's own. Packages come from Debian's."""

from collections.abc import Mapping
from dataclasses import dataclass

from rig.mirror.programs import gvisor_programs, gvisor_release, kata_stand_in
from toolchain.build.part import Part


@dataclass(frozen=True, slots=True)
class Archives:
    """Archives of a handler: `parts` that make them, `files` being the names of those that are served."""

    parts: tuple[Part, ...] = ()
    files: tuple[str, ...] = ()


# By the word that a stack file has for it.
HANDLERS: Mapping[str, Archives] = {
    "crun": Archives(),
    "gvisor": Archives((gvisor_programs.part(), gvisor_release.part()), (gvisor_release.NAME,)),
    "kata": Archives((kata_stand_in.part(),), (kata_stand_in.NAME,)),
}
