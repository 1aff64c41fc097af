"""The version of the package: the one place in the code that states it."""

__version__ = "0.1.0"
