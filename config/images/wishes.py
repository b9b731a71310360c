"""Keys that other tools have for images, with what to write instead. Pure facts."""

from config.wishes import Wishes, by_word

IMAGE: Wishes = by_word(
    {
        "os guestOs osType distro operatingSystem guestSystem": "unknown key here; write system, such as debian-13",
        "url path file checksum": "unknown key here; write ova and sha256",
    }
)

TEMPLATE: Wishes = by_word(
    {
        "os guestOs osType distro operatingSystem guestSystem": "unknown key here; write system, such as debian-13",
        "ova sha256": "found beside template, which a vCenter has already; remove it, or template",
        "name": "unknown key here; write template",
    }
)
