"""Tell a family by its faults."""

from deepsense_lib.exercises.engine import Choice, Option

EXERCISE = Choice(
    title="Tell it by its faults",
    level=1,
    task="""
    A voice in a railway station says the names of most towns like a human being, for it *is* a human
    being. One new name sounds right too, but in its middle the voice jumps, as if another person went on.
    Which family is it, and why does it jump?
    """,
    options={
        "a": Option(
            "Formant rules: a rule for this pair of sounds is missing.",
            "Rules sound buzzing all the time, and they never jump: their curves glide by construction. "
            "And nobody would "
            "take them for a human being.",
        ),
        "b": Option(
            "Unit selection: the two pieces that were joined come from recordings that do not fit.",
            "Right. Inside a piece it is a recording. At the seam, pitch or timbre of the two may differ, "
            "most of all where "
            "the recordings hold few examples to choose from.",
        ),
        "c": Option(
            "A statistical model: it gives the mean of all recordings of the sound.",
            "A mean sounds muffled and even. It has no seams: the curve is smooth from the first frame to "
            "the last.",
        ),
        "d": Option(
            "A network: it has not been trained long enough.",
            "Such a network would slur or repeat. A clean human voice with a jump has been cut and joined.",
        ),
    },
    answer="b",
)
