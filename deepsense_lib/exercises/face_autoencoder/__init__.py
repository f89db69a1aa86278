"""Exercises of the chapter "Autoencoders for faces"."""
