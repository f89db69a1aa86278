"""Speech: text, phonemes, sound in and out, features, and sound from features."""
