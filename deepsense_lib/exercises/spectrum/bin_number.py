"""Which bin a tone falls into: arithmetic that every spectrogram needs."""

from deepsense_lib.exercises.engine import Number, Wrong

EXERCISE = Number(
    title="The bin of a tone",
    level=1,
    task="""
    A recording at 16,000 Hz goes through a DFT of 1,024 points. In which bin, a whole number, is a tone of
    2,000 Hz strongest?
    """,
    answer=128,
    atol=0.2,
    rtol=0,
    feedback="A bin is 16,000 / 1,024 = 15.625 Hz wide, and 2,000 / 15.625 = 128.",
    hint="Find the width of a bin: the sample rate divided by the number of points. Then divide 2,000 by it.",
    wrong=(
        Wrong(256, "that takes 8,000 Hz as the width of all 1,024 bins. They share the whole 16,000 Hz."),
        Wrong(129, "bins count from 0, since bin 0 stands for 0 Hz."),
        Wrong(127, "bins count from 0, and bin k stands for exactly k times the width of a bin."),
        Wrong(15.625, "that is the width of a bin in Hz, not the number of the bin."),
        Wrong(125, "that takes the width of a bin as 16 Hz. It is 16,000 / 1,024 Hz, a little less."),
    ),
)
