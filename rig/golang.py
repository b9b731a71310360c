"""Moved; here until nothing imports it any more."""

from toolchain.build.golang import GoProgram, build_environment, go_part, module_directory

__all__ = ["GoProgram", "build_environment", "go_part", "module_directory"]
