"""How much of the face one number sees."""

from deepsense_lib.exercises.engine import Number, Wrong

EXERCISE = Number(
    title="How far one number sees",
    level=2,
    task="""
    The classifier of this chapter has four blocks, each a 3 x 3 convolution (stride 1) and a 2 x 2 pooling
    (stride 2). How many pixels wide is the square of the image that one number of the last 4 x 4 maps can
    see? Work it out on paper with the formula for the receptive field.
    """,
    answer=46,
    unit="pixels",
    rtol=0.0,
    feedback="right: 1 + 3 + 2 * 3 + 4 * 3 + 8 * 3 = 46, nearly three quarters of the image.",
    wrong=(
        Wrong(
            9,
            "that is four convolutions without pooling. Every pooling doubles the step of what follows.",
        ),
        Wrong(
            13,
            "you added the windows but not the steps: after a pooling one step is two pixels of the image.",
        ),
        Wrong(
            31,
            "you left out that the pooling windows see more themselves: each adds 1 times the step so far.",
        ),
        Wrong(
            38, "the last pooling is missing: it takes the largest of two neighbours that are 8 pixels apart."
        ),
        Wrong(64, "not the whole image: go back from one number, layer by layer."),
        Wrong(16, "16 pixels is the step between neighbours in the last maps. What each one sees is wider."),
    ),
    hint="start at 1 and go forward: every layer adds (kernel - 1) times the step so far; pooling doubles "
    "the step.",
)
