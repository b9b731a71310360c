"""Destruction: a machine ends with the disks that were made for it, and with nothing that others have."""

from collections.abc import Callable

from provider.vsphere import spec
from provider.vsphere.api import tasks
from provider.vsphere.conditions.disk_users import refuse_if_held
from provider.vsphere.errors import CancelledError, GoneError, OutcomeUnknownError
from provider.vsphere.machine import OFF, Machine
from provider.vsphere.place import Place

ATTEMPTS = 4


def destroy(place: Place, machine: Machine, progress: Callable[[str], None] = lambda _: None) -> list[str]:
    """Destroys it, found to be ours before. Disks that were not made for it are detached and kept: their paths.

    Its guest is asked to shut down only for the sake of these: what is on its own ends with them. Raises InUseError,
    changing nothing, if another machine has one of its own.
    """
    doing, kept = f"destroying machine {machine.name}", dict[str, None]()
    for attempt in range(ATTEMPTS):
        try:
            found = machine.observe(doing)
            told = f"and would be deleted with {found.name}, so nothing was changed"
            refuse_if_held(place, doing, found, found.made_disks, told)
            foreign = [disk for disk in found.disks if disk not in found.made_disks]
            kept.update(dict.fromkeys(disk.path for disk in foreign))
            if found.power_state != OFF:
                if foreign:
                    progress("shutting it down, as it has disks that it was not made with")
                    machine.shut_down(found, progress)
                else:
                    machine.power_off()
            if foreign:
                detaching = f"detaching disks that machine {found.name} did not come with"
                machine.reconfigure(detaching, spec.without_disks(foreign))
            tasks.run(place.session, doing, machine.ref.Destroy_Task)
        except GoneError:
            break
        except CancelledError as error:
            raise CancelledError(f"{error}; what is left of it, the next run destroys") from None
        except OutcomeUnknownError:
            if attempt == ATTEMPTS - 1:
                raise
            # else its folder is looked at while it empties
            tasks.settle(place.session, doing, tasks.ENDING, [machine.ref])
        else:
            break
    return list(kept)
