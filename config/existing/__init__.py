"""Machines that exist: what is written of them, their rules, and what they become in a lab."""
