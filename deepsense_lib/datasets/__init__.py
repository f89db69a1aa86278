"""Loaders of the shipped corpora; `registry` finds and verifies the files."""
