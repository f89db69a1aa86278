"""Change one thing and explain what you hear: all phases zero."""

from deepsense_lib.exercises.engine import Choice, Option

EXERCISE = Choice(
    title="The robot's pitch",
    level=2,
    task="""
    Set every phase to 0 and go to samples, as above, with the hop of 200: you hear a robot who speaks on one
    note of about 80 Hz. Now change one thing: take a hop of 100 for both the STFT and its inverse. The note
    goes up to about 160 Hz. Why?
    """,
    options={
        "a": Option(
            "A smaller hop plays the sound faster.",
            "The duration has not changed: twice as many frames, each half as far apart, take the same time. "
            "Look for something that happens once a hop.",
        ),
        "b": Option(
            "With phase 0 all partials of a frame meet in its centre: one pulse a frame, so "
            "16,000 / hop pulses a second.",
            "Right: cosines of phase 0 all have their top at the same moment. The pulses come at the frame "
            "rate, 16,000 / 200 = 80 or 16,000 / 100 = 160 a second, and their rate is the pitch you hear.",
        ),
        "c": Option(
            "The speaker's own pitch was 80 Hz, and the smaller hop doubles it.",
            "The robot says everything on one note, while the speaker's pitch moves. The note comes from the "
            "way back, not from the recording.",
        ),
        "d": Option(
            "Phase 0 takes away the high frequencies, and a smaller hop brings some back.",
            "Phase does not change how much of each frequency a frame has. It says when the partials meet.",
        ),
    },
    answer="b",
    explanation="""
    The magnitude says how much of each frequency there is in a frame. The phase says when. A wrong phase
    moves the energy within a frame, and the ear hears the new moments as a new pitch.
    """,
)
