"""Keys that other tools have for machines that exist, each with what to write instead. Pure facts."""

from config.wishes import Wishes, by_word

EXISTING: Wishes = by_word(
    {
        """
        host hostname ip ips ipAddress ansibleHost sshAddress externalIp publicIp machineAddress
        """: "unknown key here; write address",
        "internalIp internalAddress privateIp privateAddress accessIp": "unknown key here; write nodeAddress",
        "sshPort ansiblePort": "unknown key here; write port",
        "username login sshUser ansibleUser": "unknown key here; write user",
        """
        keyFile keyPath identityFile privateKey privateKeyPath sshKey sshKeyPath sshPrivateKey
        """: "unknown key here; write privateKeyFile, a file of mode 0600",
        "password sshPassword passwordFile ansiblePassword becomePassword sudoPassword": (
            "kubelab logs in by a key alone, and its user becomes root by sudo without a password; write privateKeyFile"
        ),
        """
        fingerprint hostKeyFingerprint knownHosts knownHostsFile strictHostKeyChecking insecure hostKeyChecking
        """: "kubelab logs in to no machine that it cannot verify; write hostKey, as `make adopt HOST=...` prints it",
        "os osImage image guestSystem distro operatingSystem": "unknown key here; write system, such as debian-13",
        "hosts nodes inventory": "unknown key here; write machines, by the names of the nodes",
        "role roles runtime labels taints": "unknown key here; write it in the stack file, at the node",
        "bastion jumpHost proxyJump proxyCommand": (
            "kubelab logs in to machines by itself; remove it, and run it where they answer"
        ),
    }
)
