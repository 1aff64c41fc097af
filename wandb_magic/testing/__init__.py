"""Tests for packages that extend this one."""
