"""The handlers, one file each, found by being there: a further one is one more file here.

Not here: what they have in common (components/records/handler.py), what steps are given of them (components/steps).
"""

from collections.abc import Mapping

from components.records.discovery import Records
from components.records.handler import Handler, Variant
from config.lab import HandlerConfig

HANDLERS: Mapping[str, Handler] = Records(__name__, "HANDLER", Handler)
"""Every handler by the user's word for it."""


def variant_of(declared: HandlerConfig) -> Variant:
    """In which way a handler runs pods, as a cluster declares it."""
    return HANDLERS[declared.name].variants[declared.hypervisor]
