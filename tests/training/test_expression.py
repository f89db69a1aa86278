"""The expression recipe and its random changes, on tiny made-up faces."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from deepsense_lib.datasets.faces import CLASSES
from deepsense_lib.torch_models.convolution import ExpressionCNN
from deepsense_lib.training import augmentation
from deepsense_lib.training.loop import Run
from deepsense_lib.training.recipes import expression


def blobs(count=140, size=16, seed=0):
    """Pictures whose class is the place of a bright spot: learnt in a few steps."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 7
    images = rng.integers(0, 60, (count, size, size), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        row, column = divmod(label, 3)
        image[5 * row : 5 * row + 4, 5 * column : 5 * column + 4] = 250
    return SimpleNamespace(images=images, labels=labels.astype(np.int64))


def faces(count=5, size=16):
    return torch.rand(count, size, size, generator=torch.Generator().manual_seed(0))


def train(seed=0, **arguments):
    return expression.train_expression(
        blobs(), blobs(70, seed=1), steps=30, seed=seed, augmentation="none", channels=(4, 8), **arguments
    )


def test_the_recipe_learns_and_a_seed_repeats_it():
    run = train()
    held_out = blobs(70, seed=1)
    assert (expression.predict(run.model, held_out.images) == held_out.labels).mean() > 0.8
    assert run.validation[-1]["validation_accuracy"] > 0.8
    again, other = train(), train(seed=1)
    for name, tensor in run.model.state_dict().items():
        assert torch.equal(tensor, again.model.state_dict()[name]), name
    assert not torch.equal(run.model.head.weight, other.model.head.weight)


def test_the_first_loss_is_log_k():
    task = expression.ExpressionTask(
        ExpressionCNN(channels=(4,), size=16), blobs(), augmentation="none", smoothing=0
    )
    batch = next(iter(task.batches(np.random.default_rng(0))))
    loss, parts = task.loss(task.model, batch, 0)
    assert np.isclose(loss.item(), np.log(7), rtol=1e-5)
    assert 0 <= parts["accuracy"] <= 1


def test_colour_pictures_are_mirrored_as_a_whole():
    images = torch.rand(40, 5, 6, 3, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(1)
    out = augmentation.mirror(images)
    same = [torch.equal(a, b) for a, b in zip(out, images, strict=True)]
    turned = [torch.equal(a, b.flip(1)) for a, b in zip(out, images, strict=True)]
    assert all(a != b for a, b in zip(same, turned, strict=True))
    assert 8 < sum(turned) < 32


def test_an_epoch_has_every_picture_at_most_once():
    data = blobs(150)
    data.images[:, 0, 0] = np.arange(150)
    task = expression.ExpressionTask(ExpressionCNN(channels=(4,), size=16), data)
    seen = np.concatenate([images[:, 0, 0].numpy() for images, _ in task.batches(np.random.default_rng(0))])
    assert len(seen) == 128
    assert len(np.unique(seen)) == 128


@pytest.mark.parametrize(
    "change", [augmentation.mirror, augmentation.move, augmentation.relight, augmentation.cover]
)
def test_changes_keep_shape_and_range_and_do_not_touch_their_input(change):
    images = faces(40)
    copy = images.clone()
    torch.manual_seed(0)
    changed = change(images)
    assert changed.shape == images.shape
    assert changed.dtype == images.dtype
    assert changed.min() >= 0
    assert changed.max() <= 1 + 1e-6
    assert torch.equal(images, copy)
    assert not torch.equal(changed, images)
    torch.manual_seed(0)
    assert torch.equal(change(images), changed)


def test_mirror_turns_about_half_and_nothing_else():
    torch.manual_seed(0)
    images = faces(200)
    changed = augmentation.mirror(images)
    turned = torch.tensor([torch.equal(a, b.flip(1)) for a, b in zip(changed, images, strict=True)])
    kept = torch.tensor([torch.equal(a, b) for a, b in zip(changed, images, strict=True)])
    assert torch.all(turned ^ kept)
    assert 70 < turned.sum() < 130


def test_move_by_nothing_is_nothing():
    images = faces()
    assert torch.allclose(augmentation.move(images, shift=0, turn=0, squeeze=0), images, atol=1e-5)


def test_cover_covers_a_rectangle_of_one_grey():
    torch.manual_seed(0)
    images = faces(30)
    changed = augmentation.cover(images, share=1.0)
    for before, after in zip(images, changed, strict=True):
        rows, columns = torch.nonzero(before != after, as_tuple=True)
        box = after[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert box.max() == box.min()
        assert box.numel() <= 0.36 * before.numel()
    assert torch.equal(augmentation.cover(images, share=0.0), images)


def test_the_card_says_what_it_must_not_be_used_for(tmp_path, monkeypatch):
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces" / "lesson-train.webp").write_bytes(b"")
    monkeypatch.setattr(expression, "data_dir", lambda: tmp_path)
    run = Run(ExpressionCNN(channels=(4,), size=16), step=3)
    measured = {"test": expression.measure(np.array([0, 1, 1]), np.array([0, 1, 2]))}
    card = expression.make_card(run, "reference", 2, "all", measured)
    assert "--scale reference --seed 2" in card.command
    assert "e3b0c44298fc1c14" in card.data  # SHA-256 of nothing
    assert "Never use it on other people" in card.must_not
    assert "5(1)(f)" in card.must_not
    assert card.figures["classes"] == list(CLASSES)
    assert card.figures["test"]["accuracy"] == round(2 / 3, 4)
