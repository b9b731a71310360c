"""What the files hold that a site file names: authorities and passwords."""

import os
import ssl
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from config.existing.private_key import private_key_fault
from config.existing.spec import ExistingSpec
from config.problems import Problem, shown
from config.reading import plain_data
from config.reading.certificates import certificates_in
from config.reading.guard import unexpected
from config.reading.regular_files import LARGEST, UnreadableFileError, display, read_text
from config.site import RegistrySpec, SiteSpec
from config.targets.spec import PlatformSpec, VsphereSpec

PASSWORD_KEY = "kubelab:vspherePassword"
PASSWORDS_KEY = "kubelab:vspherePasswords"
PASSWORD_VARIABLE = "KUBELAB_VSPHERE_PASSWORD"

_LONGEST_PASSWORD = 4_096  # bytes
_PATH_OF_A_PASSWORD = "the path, seen from the site file's folder, of a file that holds the password"


@dataclass(frozen=True, slots=True)
class RegistryFiles:
    """What the files of one registry hold."""

    ca_pem: str | None
    password: SecretStr | None


@dataclass(frozen=True, slots=True)
class TargetFiles:
    """What the files of one target hold; `password_sought` says where a password was looked for, in order.

    `password_key` is what `pulumi config set` takes to put it into the stack's configuration.
    """

    tls_ca_pem: str | None
    password: SecretStr | None
    password_sought: tuple[str, ...]
    password_key: str


@dataclass(frozen=True, slots=True)
class SiteFiles:
    """What the files hold: `targets` in the site's order, `registries` by host, an entry for each of the site's own.

    `private_keys` of machines that exist are by the files that are named.
    """

    targets: tuple[TargetFiles, ...]
    private_keys: Mapping[str, SecretStr]
    mirrors_ca_pem: str | None
    registries: Mapping[str, RegistryFiles]


class SiteFilesReader:
    """Reads the files of one site file and gathers what is wrong with them in `problems`."""

    def __init__(self, site_file: Path) -> None:
        self._folder = site_file.parent
        self._where = display(site_file)
        self.problems: list[Problem] = []

    def read(self, site: SiteSpec, environ: Mapping[str, str], passwords_in_stack: Collection[str] | None) -> SiteFiles:
        """The content of the files that `site` names, None for one with a fault.

        `passwords_in_stack`: the keys of the stack's configuration that hold passwords, `kubelab:vspherePassword` or,
        of one of several targets, `kubelab:vspherePasswords.<name>`; None if nobody logs in, so that none is sought.
        """
        return SiteFiles(
            targets=tuple(
                self._target(site.platform, index, target, environ, passwords_in_stack)
                for index, target in enumerate(site.platform.targets)
            ),
            private_keys=self._private_keys(site.platform.existing),
            mirrors_ca_pem=self._certificates("mirrors/caFile", site.mirrors.ca_file),
            registries={
                host: self._registry(f"registries/{host}", registry) for host, registry in site.registries.items()
            },
        )

    def _target(
        self,
        platform: PlatformSpec,
        index: int,
        target: VsphereSpec,
        environ: Mapping[str, str],
        passwords_in_stack: Collection[str] | None,
    ) -> TargetFiles:
        path, key, variable = platform.path(index), PASSWORD_KEY, PASSWORD_VARIABLE
        if target.name and isinstance(platform.vsphere, tuple):
            key = f"{PASSWORDS_KEY}.{target.name}"
            variable = f"{PASSWORD_VARIABLE}_{target.name.upper().replace('-', '_')}"
        in_stack = f"secret stack configuration {key}"
        if passwords_in_stack is None or key in passwords_in_stack:
            password, sought = None, [in_stack]
        elif environ.get(variable):
            password, sought = (
                self._password_of(path, variable, environ[variable]),
                [f"environment variable {variable}"],
            )
        else:
            file = target.password_file
            named = f"{path}/passwordFile of {self._where} ({'none named' if file is None else 'named'})"
            password = self._password_in(f"{path}/passwordFile", file)
            sought = [in_stack, f"environment variable {variable}", named]
        return TargetFiles(
            tls_ca_pem=self._certificates(f"{path}/tls/caFile", target.tls.ca_file),
            password=password,
            password_sought=tuple(sought),
            password_key=key if key == PASSWORD_KEY else f"--path {key}",
        )

    def _registry(self, path: str, registry: RegistrySpec) -> RegistryFiles:
        return RegistryFiles(
            ca_pem=self._certificates(f"{path}/caFile", registry.ca_file),
            password=self._password_in(f"{path}/passwordFile", registry.password_file),
        )

    def _password_of(self, path: str, variable: str, value: str) -> SecretStr:
        if plain_data.text_faults(value):
            text = f"found a control character in environment variable {variable}"
            self._fault(f"{path}/passwordFile", f"{text}, which counts before it; write it anew")
        return SecretStr(value)

    def _password_in(self, path: str, file: str | None) -> SecretStr | None:
        text = self._text(path, file, _LONGEST_PASSWORD, is_password=True)
        if file is None or text is None:
            return None
        self._refuse_others(path, file)
        password = text.removesuffix("\n").removesuffix("\r")
        if not password or "\n" in password:
            count = "no text" if not password else "several lines"
            self._fault(path, f"found {count} in {shown(file)}, wanted: the password alone on one line")
        elif plain_data.text_faults(password):
            self._fault(path, f"found a control character in {shown(file)}, wanted: the password alone on one line")
        return SecretStr(password)

    def _private_keys(self, existing: ExistingSpec | None) -> Mapping[str, SecretStr]:
        """Each file is read once, and said where it is first named."""
        found: dict[str, SecretStr] = {}
        seen: set[str] = set()
        for name, machine in (existing.machines if existing else {}).items():
            of_all = existing is not None and machine.private_key_file is None
            path = "platform/existing" + ("" if of_all else f"/machines/{name}") + "/privateKeyFile"
            file = existing.key_file(machine) if existing else ""
            if file in seen:
                continue
            seen.add(file)
            text = self._text(path, file)
            if text is not None:
                self._refuse_others(path, file)
                if fault := private_key_fault(text):
                    self._fault(path, f"found {fault} in {shown(file)}, wanted: a private key without a passphrase")
                found[file] = SecretStr(text)
        return found

    def _refuse_others(self, path: str, file: str) -> None:
        """What is secret may be read by nobody else."""
        mode = stat.S_IMODE((self._folder / file).stat().st_mode)
        if mode & 0o077:
            where = display(self._folder / file)
            self._fault(path, f"found {shown(file)} with mode {mode:04o}, wanted: 0600 (chmod 600 {where})")

    def _certificates(self, path: str, file: str | None) -> str | None:
        text = self._text(path, file)
        if text is None:
            return None
        try:
            found = certificates_in(text)
        except ValueError:
            self._fault(path, f"found no certificate in {shown(file)}, wanted: a PEM file with BEGIN CERTIFICATE")
            return None
        if "PRIVATE KEY" in text:
            self._fault(path, f"found a private key in {shown(file)}, wanted: certificates alone")
        # Written anew: what else stands in the file goes nowhere.
        return "".join(map(ssl.DER_cert_to_PEM_cert, found))

    def _text(self, path: str, file: str | None, largest: int = LARGEST, *, is_password: bool = False) -> str | None:
        if file is None:
            return None
        try:
            return read_text(self._folder / file, largest)
        except UnreadableFileError as error:
            found = f"{shown(file)}, but {display(self._folder / file)}"
            if is_password and not os.path.lexists(self._folder / file):
                # What names no file may be the password itself.
                found = f"a value that is not shown, wanted: {_PATH_OF_A_PASSWORD}; it"
            self._fault(path, f"found {found} cannot be read: {error}")
        except Exception as error:
            self._fault(path, unexpected(error))
        return None

    def _fault(self, path: str, text: str) -> None:
        self.problems.append(Problem(self._where, path, text))
