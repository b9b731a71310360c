"""Handlers, of which pods of a RuntimeClass are run: what a user may write of them, and what must agree."""
