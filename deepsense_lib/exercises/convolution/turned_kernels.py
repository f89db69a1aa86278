"""Change one thing: turn every kernel by 180 degrees."""

from deepsense_lib.exercises.engine import Choice, Option

EXERCISE = Choice(
    title="Turn every kernel",
    level=3,
    task="""
    The frameworks leave out the turn of the kernel that mathematicians put into a convolution. Does it
    matter? Change one thing in the shipped network: turn every kernel by 180 degrees, and
    look at the answers for the test faces.

    ```python
    import copy
    turned = copy.deepcopy(model)
    with torch.no_grad():
        for block in turned.blocks:
            block.convolution.weight.copy_(block.convolution.weight.flip(2, 3))
        right = (turned(test_x).argmax(1).numpy() == test.labels).mean()
    ```

    Then give the turned network faces that stand on their head, `test_x.flip(2, 3)`. It still fails. What is
    the reason, and what else must be turned so that the answers come back?
    """,
    options={
        "a": Option(
            "Nothing is wrong: a network does not care about the turn, so the accuracy stays as it was.",
            "Count: it falls nearly to chance. A network does not care which rule is used while it learns, "
            "but it has learnt its kernels under one rule and must be used under the same.",
        ),
        "b": Option(
            "The turned kernels see an upside-down world. For faces on their head the maps are right, only "
            "turned, and the head's weights must be turned with them.",
            "Right. Turn kernels, faces and the 4 x 4 places of the head's weights, and every score is as "
            "before: convolution, normalisation, ReLU and pooling all turn along. Try it with "
            "`head.weight.view(7, 128, 4, 4).flip(2, 3)`.",
        ),
        "c": Option(
            "Batch normalisation has the wrong mean and variance for turned kernels; they must be measured "
            "anew.",
            "On turned faces the maps have the same values in other places, so mean and variance of each "
            "channel are the same. Something that knows places must be turned.",
        ),
        "d": Option(
            "The padding is on the wrong side, so all maps are shifted by a pixel and the border must be "
            "cut.",
            "A 3 x 3 kernel with padding 1 has the same border on all four sides, so turning shifts nothing.",
        ),
    },
    answer="b",
)
