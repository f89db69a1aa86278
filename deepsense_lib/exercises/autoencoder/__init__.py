"""Exercises of the chapter "Autoencoders for speech"."""
