"""Keys that other tools have for hosts and vCenters, with what to write instead. Pure facts."""

from config.wishes import Wishes, by_word

VSPHERE: Wishes = by_word(
    {
        "hostname address ip url endpoint esxi vcenter": "unknown key here; write server, as host or host:port",
        "template templateName": "unknown key here; write image, as {template: NAME, system: debian-13}",
        "username login": "unknown key here; write user",
        "pass": "unknown key here; write passwordFile, or run `pulumi config set --secret kubelab:vspherePassword`",
        "portGroup networkName": "unknown key here; write network",
        "dataStoreName storage": "unknown key here; write datastore",
        """
        insecure insecureFlag insecureSkipTlsVerify allowUnverifiedSsl verifySsl validateCerts thumbprint tlsThumbprint
        fingerprint
        """: "unknown key here; write tls/sha256, the fingerprint of the certificate, which `make pin` prints",
    }
)
