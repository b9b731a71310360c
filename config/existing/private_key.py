"""Private keys by which kubelab logs in. Pure."""


def private_key_fault(text: str) -> str | None:
    """What is wrong with a text that is to be a private key, without a word of it; None if nothing is."""
    if "PRIVATE KEY" not in text:
        return "a public key" if text.startswith(("ssh-", "ecdsa-")) else "no key"
    # Loaded here: most sites name no keys, and the library takes its time.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key

    load = load_ssh_private_key if "BEGIN OPENSSH" in text else load_pem_private_key
    try:
        load(text.encode(), password=None)
    except TypeError:
        return "a key with a passphrase, which nobody is there to type,"
    except (ValueError, UnsupportedAlgorithm) as error:
        is_locked = "assword" in str(error)
        return "a key with a passphrase, which nobody is there to type," if is_locked else "no whole key"
    return None
