"""Moved; here until nothing imports it any more."""

from toolchain.build.part import Part, Workplace, cache_key, cache_keys, in_order

__all__ = ["Part", "Workplace", "cache_key", "cache_keys", "in_order"]
