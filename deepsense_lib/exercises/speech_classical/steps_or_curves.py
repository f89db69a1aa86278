"""Change one thing: take the slopes away from the statistics."""

from deepsense_lib.exercises.engine import Choice, Option

EXERCISE = Choice(
    title="Without the slopes",
    level=2,
    task="""
    Change one thing in the statistical voice: `smooth=False`. Each state then says its mean, over and over.
    Listen, and look at the spectrogram. Why did the slopes make the curve smooth, although they were means
    too?
    """,
    options={
        "a": Option(
            "The curve was low-pass filtered afterwards.",
            "Nothing filters it. Look at the equations again: what does W tie together?",
        ),
        "b": Option(
            "A step has large slopes, and the Gaussians of the slopes say that these are unlikely.",
            "Right: neighbouring frames are tied by the windows, so the best curve trades a little off the "
            "means for likely slopes.",
        ),
        "c": Option(
            "The slopes add more recordings.",
            "They come from the same recordings. They say how frames follow each other.",
        ),
    },
    answer="b",
)
