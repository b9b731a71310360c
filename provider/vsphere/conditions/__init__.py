"""Conditions of a host and its machines that keep a run from its end: asked before it, watched in it, told after it."""
