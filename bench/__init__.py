"""Measurements of whole runs on the embedded lab, printed and never asserted. Not here: tests, product code."""
