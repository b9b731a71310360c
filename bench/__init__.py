"""Measurements of whole runs, printed and never asserted. Not here: tests, product code."""
