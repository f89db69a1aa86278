"""Change one thing: give every frame the same pitch."""

from deepsense_lib.exercises.engine import Choice, Option

EXERCISE = Choice(
    title="A flat voice",
    level=2,
    task="""
    In the section "How it fails" the model spoke with its pitch contour set to 0 in normalised units, while
    voicing, durations and energy stayed as predicted. Play both again, or call `speak_with` on a sentence of
    your own. What has changed, and why?
    """,
    options={
        "a": Option(
            "The voice whispers, because a pitch of 0 means that nothing is voiced.",
            "Zero in normalised units is the mean of the voice's ln F0, not 0 Hz. Voicing is another output, "
            "and it was left alone: the vowels still sound.",
        ),
        "b": Option(
            "The words stay clear, but the melody is gone: the sentence neither rises nor falls.",
            "Right. Which words are spoken is carried by the spectral envelope and the durations. Pitch "
            "carries the melody, and 0 in normalised units is the voice's mean pitch in every frame.",
        ),
        "c": Option(
            "The voice becomes quieter, because less energy is in the mel.",
            "Energy has its own input, and it was not changed. Look at the two mels: the bands are as bright "
            "as before, only the fine stripes of the harmonics run level.",
        ),
        "d": Option(
            "The words are no longer understood, because English needs pitch to tell words apart.",
            "Mandarin tells words apart by tone; English does not. The judge reads both versions about "
            "equally well.",
        ),
    },
    answer="b",
)
