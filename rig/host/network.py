"""The rig's bridge network: reaches the host's mirror and the other machines, and nothing else."""

from rig.host.docker import LABEL, Docker
from toolchain.errors import SetupError

NAME = "kubelab"
BRIDGE = "kubelab0"
SUBNET = "10.87.0.0/24"
GATEWAY = "10.87.0.1"
NETMASK = "255.255.255.0"
# Two halves, so that who gives addresses to containers and who leases them to real machines never meet; the last
# addresses are for what a user fixes, such as an endpoint of several control planes.
CONTAINERS = "10.87.0.0/25"
LEASED_FIRST, LEASED_LAST = "10.87.0.128", "10.87.0.239"


def ensure(docker: Docker) -> None:
    """Makes the network, or makes it again when it is not what it should be (its machines are gone then)."""
    doing = f"container network {NAME}"
    if _exists(docker, doing):
        if _fits(docker, doing):
            return
        remove(docker)
    options = ["--driver", "bridge", "--internal", "--subnet", SUBNET, "--gateway", GATEWAY]
    options += ["--ip-range", CONTAINERS, "--label", docker.label]
    options += ["--opt", f"com.docker.network.bridge.name={BRIDGE}"]
    try:
        docker(doing, "network", "create", *options, NAME)
    except SetupError as error:
        raise SetupError(f"{error}; is {SUBNET} in use here, or another clone's rig up?", error.evidence) from error


def present(docker: Docker) -> bool:
    """Whether the network is there as it should be."""
    doing = f"container network {NAME}"
    return _exists(docker, doing) and _fits(docker, doing)


def identity(docker: Docker) -> str:
    """The network's identifier: another one when it was made anew."""
    return str(docker.inspect("network", [NAME], f"container network {NAME}")[0]["Id"])


def remove(docker: Docker) -> None:
    """Removes this rig's machines with their volumes, and then the network; whoever else is on it is disconnected."""
    doing = f"removing container network {NAME}"
    machines = docker.listed("container", doing, f"label={docker.label}")
    if machines:
        docker(doing, "container", "rm", "--force", "--volumes", *machines)
    if not _exists(docker, doing) or not _ours(docker, doing):
        return
    for network in docker.inspect("network", [NAME], doing):
        for container in network["Containers"]:
            docker(doing, "network", "disconnect", "--force", NAME, container)
    docker(doing, "network", "rm", NAME)


def _exists(docker: Docker, doing: str) -> bool:
    return bool(docker.listed("network", doing, f"name=^{NAME}$"))


def _ours(docker: Docker, doing: str) -> bool:
    return all((each["Labels"] or {}).get(LABEL) == docker.rig for each in docker.inspect("network", [NAME], doing))


def _fits(docker: Docker, doing: str) -> bool:
    found = docker.inspect("network", [NAME], doing)[0]
    if not _ours(docker, doing):
        raise SetupError(f"{doing}: {_whose((found['Labels'] or {}).get(LABEL))}")
    plan = found["IPAM"]["Config"][0]
    bridge = found["Options"].get("com.docker.network.bridge.name")
    planned = (plan["Subnet"], plan["Gateway"], plan.get("IPRange"), bridge)
    return bool(found["Internal"]) and planned == (SUBNET, GATEWAY, CONTAINERS, BRIDGE)


def _whose(mark: str | None) -> str:
    """What to say of a network that is not ours; only one of a lab is told how to be removed."""
    if mark is None:
        return "found one of that name which no lab made; give it another name"
    gone = f"docker rm --force $(docker ps --all --quiet --filter label={LABEL}={mark}); docker network rm {NAME}"
    return f"it is of another clone or run, {mark}; run `make rig-down` there, or, if that is no more, `{gone}`"
