"""Values that may be written in several forms: which one is meant, told before any of them is checked."""

from pydantic import Discriminator

TEXT, OTHER = "\0text", "\0other"
"""Tags of the two forms of a value that is a text or a whole part; no key of a user has a control character."""
TEXT_OR_OTHER = Discriminator(lambda value: TEXT if isinstance(value, str) else OTHER)
"""Which of the two a value is meant to be."""
TEMPLATE = "\0template"
"""Tag of a third form of an image: a mapping that names a template."""
TEXT_TEMPLATE_OR_OTHER = Discriminator(
    lambda value: TEXT if isinstance(value, str) else TEMPLATE if _names_a_template(value) else OTHER
)
"""Which of the three a value is meant to be."""
ONE, SEVERAL = "\0one", "\0several"
"""Tags of the two forms of a part that may be written alone or, as a list, several times."""
ONE_OR_SEVERAL = Discriminator(lambda value: SEVERAL if isinstance(value, list | tuple) else ONE)
"""Which of these a value is meant to be."""
TAGS = (TEXT, OTHER, TEMPLATE, ONE, SEVERAL)


def _names_a_template(value: object) -> bool:
    return "template" in value if isinstance(value, dict) else hasattr(value, "template")
