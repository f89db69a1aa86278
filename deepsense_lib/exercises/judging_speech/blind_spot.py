"""Which measure is blind?"""

from deepsense_lib.exercises.engine import Choice, Option

EXERCISE = Choice(
    title="Which measure is blind?",
    level=1,
    task="""
    In the section on failures, listen to the voice whose pitch never moves. Change one thing: let the pitch
    move twice as far instead (`flat` becomes `pitch**2 / flat`). Listen, and look at the table. Which
    sentence is true of both?
    """,
    options={
        "a": Option(
            "Every measure notices it, since it sounds wrong.",
            "The table says otherwise: the words are understood as before, and the spectra hardly differ.",
        ),
        "b": Option(
            "Only the error of F0 notices it; words and spectra are as before.",
            "Yes. A recogniser listens for words, and the cepstrum leaves pitch out: melody needs its own "
            "measure.",
        ),
        "c": Option(
            "The mel-cepstral distortion notices it, since the harmonics move.",
            "The mel bands are wider than the harmonics, and few cosines are kept: it hardly does.",
        ),
        "d": Option(
            "None of them notices it: only people can.",
            "One does. Compare the melodies where both have a voice.",
        ),
    },
    answer="b",
)
