"""Exercises of the chapter "Errata laboratory"."""
