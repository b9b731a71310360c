"""States of labs that earlier programs built: how one is kept, and how it is had again.

Each is a folder of `states`: the state as `pulumi stack export` gives it, its secrets under a passphrase that protects
nothing, and the stack and site files it was built from. What names the machine it was made on is taken out, and of the
scripts that were run the beginning is enough: to a later program they are other ones in any case.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.project import ROOT, Project

STATES = Path(__file__).with_name("states")
PASSPHRASE = "protects nothing"
PASSWORD = "no password of anything"
SITE = "@SITE@"
"""In a kept state, the folder of its site file."""
OVA = "node.ova"
BEGINNING = 200
"""Characters of a script that are kept."""


def restored(kept: Path, directory: Path) -> Project:
    """Today's program with a kept state, its stack and its site."""
    text = (kept / "state.json").read_text()
    project = Project.copy(directory, "containerd", "", stack_of(json.loads(text)))
    with_passphrase(project)
    site = directory / "site"
    site.mkdir()
    for file in kept.glob("*.pem"):
        (site / file.name).write_bytes(file.read_bytes())
    (site / "site.yaml").write_text((kept / "site.yaml").read_text())
    password = site / "password"
    password.touch(mode=0o600)
    password.write_text(f"{PASSWORD}\n")
    stack = yaml.safe_load((kept / "stack.yaml").read_text())
    stack["config"]["kubelab:site"] = str(site / "site.yaml")
    # What the engine knows the passphrase by, in its own place: the stack file.
    stack["encryptionsalt"] = json.loads(text)["deployment"]["secrets_providers"]["state"]["salt"]
    project.write_stack(stack)
    project.pulumi("stack", "init")
    imported(project, text.replace(SITE, str(site)))
    return project


def keep(stack: str, kept: Path) -> None:
    """Keep the state of a stack of this project that is built and up to date. AssertionError if it says too much."""
    stack_file = ROOT / f"stacks/Pulumi.{stack}.yaml"
    declared = yaml.safe_load(stack_file.read_text())
    declared.pop("encryptionsalt", None)
    site_file = (stack_file.parent / declared["config"]["kubelab:site"]).resolve()
    declared["config"]["kubelab:site"] = "site.yaml"
    exported = json.loads(pulumi("stack", "export", "--show-secrets", "--stack", stack))
    site = yaml.safe_load(site_file.read_text())
    password = (site_file.parent / site["platform"]["vsphere"]["passwordFile"]).read_text().strip()
    plain = json.dumps(fit_to_keep(exported)).replace(json.dumps(password)[1:-1], PASSWORD)
    encrypted = under_passphrase(json.loads(plain), stack)
    kept.mkdir(parents=True)
    (kept / "stack.yaml").write_text(yaml.safe_dump(declared, sort_keys=False))
    (kept / "site.yaml").write_text(yaml.safe_dump(beside(site, site_file.parent, kept), sort_keys=False))
    (kept / "state.json").write_text(encrypted)
    folders = (ROOT, site_file.parent, Path.home() / ".cache")
    told = [str(folder) for folder in folders if f"{folder}/" in plain + (kept / "site.yaml").read_text()]
    if told:
        shutil.rmtree(kept)
    assert not told, f"the state or the site of {stack} names folders of this machine: {told}"


def fit_to_keep(exported: dict[str, Any]) -> dict[str, Any]:
    """An exported state without times and places in a program, images where the site file is, scripts cut short."""
    for resource in exported["deployment"]["resources"]:
        for key in ("created", "modified", "sourcePosition", "stackTrace"):
            resource.pop(key, None)
        if resource["type"] == "kubelab:index:Image":
            for side in ("inputs", "outputs"):
                resource[side]["ova"] = f"{SITE}/{OVA}"
        for side in ("inputs", "outputs"):
            properties = resource.get(side, {})
            if "stdin" in properties:
                properties["stdin"] = cut_short(properties["stdin"])
    return exported


def cut_short(text: Any) -> Any:
    """The beginning of a text, which as a secret is an object that has it as JSON."""
    if isinstance(text, Mapping):
        return {**text, "plaintext": json.dumps(json.loads(text["plaintext"])[:BEGINNING])}
    return text[:BEGINNING]


def beside(site: Any, folder: Path, kept: Path) -> Any:
    """A site file's content with all files that it names beside it; certificates are copied, nothing else is."""
    if not isinstance(site, Mapping):
        return site
    found = {key: beside(value, folder, kept) for key, value in site.items()}
    if "caFile" in found:
        name = found["caFile"].replace("/", "-")
        (kept / name).write_bytes((folder / found["caFile"]).read_bytes())
        found["caFile"] = name
    return {**found, **{key: name for key, name in (("passwordFile", "password"), ("ova", OVA)) if key in found}}


def under_passphrase(plain: dict[str, Any], stack: str) -> str:
    """The exported state with its secrets under the passphrase that protects nothing."""
    with tempfile.TemporaryDirectory() as directory:
        project = Project.copy(Path(directory), "containerd", "", stack)
        with_passphrase(project)
        project.pulumi("stack", "init")
        salt = project.read_stack()["encryptionsalt"]
        plain["deployment"]["secrets_providers"] = {"type": "passphrase", "state": {"salt": salt}}
        imported(project, json.dumps(plain))
        done = pulumi("stack", "export", "--stack", stack, project=project)
    return json.dumps(json.loads(done), indent=1, sort_keys=True) + "\n"


def imported(project: Project, text: str) -> None:
    """Give the project's stack this state."""
    file = project.directory / ".state/imported.json"
    file.touch(mode=0o600)
    file.write_text(text)
    project.pulumi("stack", "import", "--file", str(file))
    file.unlink()


def with_passphrase(project: Project) -> None:
    """Let the project's stack be under the passphrase that protects nothing."""
    project.environment.pop("PULUMI_CONFIG_PASSPHRASE_FILE", None)
    project.environment["PULUMI_CONFIG_PASSPHRASE"] = PASSPHRASE


def pulumi(*arguments: str, project: Project | None = None) -> str:
    """What pulumi prints, with nothing of it kept in a log."""
    done = subprocess.run(
        ["pulumi", *arguments],
        cwd=project.directory if project else ROOT,
        env=project.environment if project else None,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def stack_of(exported: Mapping[str, Any]) -> str:
    """The name of the stack whose state was exported."""
    urn: str = exported["deployment"]["resources"][0]["urn"]
    return urn.split("::")[0].removeprefix("urn:pulumi:")
