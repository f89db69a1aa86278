"""Change one thing: start all hidden units alike."""

from deepsense_lib.exercises.engine import Choice, Option

EXERCISE = Choice(
    title="Sixty-four times the same",
    level=3,
    task="""
    "First weights" says that a head of zeros is no harm. Change one thing: give every hidden unit the *same*
    first weights, and the head one small number everywhere. Train as in "Look first".

    ```python
    net = new_net()
    with torch.no_grad():
        net.first.weight.copy_(net.first.weight[:1].expand(64, -1))
        net.head.weight.fill_(0.01)
    losses, checks = train(net, torch.optim.Adam(net.parameters(), lr=1e-3), first_of_each(100), 60)
    print((answers(net, "test") == faces["test"].labels).mean(), net.first.weight.std(0).max())
    ```

    The loss falls, but not far, and the share of right answers stays far below that of "Look first". The last
    number printed is 0. What happened?
    """,
    options={
        "a": Option(
            "The gradient of the hidden layer is zero, so only the head learns.",
            "Compare the hidden weights before and after: they do move. All of them, in the same way.",
        ),
        "b": Option(
            "All units have the same weights and get the same gradient in every step, so they stay copies: "
            "64 units are worth one.",
            "Right. One unit gives one number for each face, and seven classes must share it. Chance in the "
            "first weights is what makes units differ; the head may be zero, because the units below it "
            "differ already.",
        ),
        "c": Option(
            "The head's weights of 0.01 are too small; with 1 it would work.",
            "Try it. The units are copies of each other, as long as the head treats them alike.",
        ),
        "d": Option(
            "Adam's bias correction fails when all gradients are equal.",
            "Try `torch.optim.SGD`: the same happens. No rule can tell apart two weights with one gradient.",
        ),
    },
    answer="b",
)
