"""Change one thing: show all that the masked autoencoder says."""

from deepsense_lib.exercises.engine import Choice, Option

EXERCISE = Choice(
    title="Noise where it sees",
    level=3,
    task="""
    The pictures in "Complete a face" put the visible patches back where they belong. Change one thing: show
    what the model itself says of all patches, the visible ones too.

    ```python
    with torch.no_grad():
        everything = mae(test_x[faces], visible)
    figures.image_grid(formulas.join_patches(everything.numpy(), 64, 64), columns=4, limits=(-2, 2))
    ```

    Where a patch was hidden, there is a blurred face. Where it was visible, there is garbage. Why?
    """,
    options={
        "a": Option(
            "The encoder destroys what it sees; only what it does not see survives.",
            "Then it could not complete anything: all that it knows of the hidden patches comes from the "
            "visible ones.",
        ),
        "b": Option(
            "The loss counts hidden patches only, so nothing has ever asked for the visible ones.",
            "Right. Their gradient is exactly 0. What a loss does not ask for, a net does not learn, "
            "even where it would be easy.",
        ),
        "c": Option(
            "The decoder is too small to draw visible and hidden patches at once.",
            "It draws 48 hidden ones well enough, and a visible one is easier. Look at what is asked of it.",
        ),
        "d": Option(
            "The positions of the visible patches are lost, so they are drawn in the wrong places.",
            "Then the hidden ones would be wrong as well. Compare the garbage with the patches: it is "
            "none of them.",
        ),
    },
    answer="b",
)
