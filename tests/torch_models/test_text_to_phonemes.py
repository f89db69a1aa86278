"""The neural letter-to-sound model: NumPy by hand, padding, initial loss, causality, one batch, export."""

import numpy as np
import pytest
import torch

from deepsense_lib.errors import InputError
from deepsense_lib.formulas.recurrent import lstm
from deepsense_lib.torch_models.text_to_phonemes import LetterToSound, encode_letters
from deepsense_lib.training.recipes import letter_to_sound as recipe

CHUNKS = ["", "AA1", "B", "K", "K S", "T"]
WORDS = ["box", "at", "tobacco"]


def model(seed: int = 0, **sizes) -> LetterToSound:
    torch.manual_seed(seed)
    net = LetterToSound(CHUNKS, **{"embedding": 5, "reader_width": 6, "width": 7, "dropout": 0.0, **sizes})
    torch.nn.init.normal_(net.output.weight)  # a new one says the same of everything
    return net.double().eval()


def batch():
    letters = encode_letters(WORDS)
    return letters, torch.randint(0, len(CHUNKS), letters.shape, generator=torch.Generator().manual_seed(1))


def test_letters_are_numbered_from_one_and_padded_with_zero():
    np.testing.assert_array_equal(encode_letters(["az", "b"]), [[1, 26], [2, 0]])
    for bad in (["A"], ["it's"], [""], []):
        with pytest.raises(InputError, match="expected at least one"):
            encode_letters(bad)


def test_numpy_says_the_same():
    """The whole model by the formulas of the recurrent chapter, for one word."""
    net, word = model(), "tobacco"
    w = {name: value.numpy() for name, value in net.state_dict().items()}
    chunks = np.array([5, 1, 2, 1, 3, 0, 1])

    def run(x, name):
        cell = [w[f"{name}.cell.{part}"] for part in ("input.weight", "state.weight", "input.bias")]
        start = np.zeros(cell[1].shape[1])
        return lstm(x, start, start, *cell)[0]

    x = w["reader.letter.weight"][encode_letters([word])[0].numpy()]
    read = np.concatenate([run(x, "reader.forwards"), run(x[::-1], "reader.backwards")[::-1]], 1)
    said = w["previous.weight"][[len(CHUNKS), *chunks[:-1]]]
    written = run(np.concatenate([read, said], 1), "writer")
    expected = written @ w["output.weight"].T + w["output.bias"]
    found = net(encode_letters([word]), torch.tensor(chunks)[None])[0].detach().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_padding_changes_nothing():
    net, (letters, chunks) = model(), batch()
    together = net(letters, chunks)
    for row, word in enumerate(WORDS):
        n = len(word)
        alone = net(letters[row : row + 1, :n], chunks[row : row + 1, :n])
        torch.testing.assert_close(together[row : row + 1, :n], alone, atol=1e-12, rtol=0)
    spoilt = chunks.clone()
    spoilt[letters == 0] = 3
    torch.testing.assert_close(net(letters, spoilt)[letters != 0], together[letters != 0])
    first = recipe.loss(together, recipe.Batch(letters, chunks))
    torch.testing.assert_close(
        recipe.loss(together + 9 * (letters == 0)[..., None], recipe.Batch(letters, spoilt)), first
    )


def test_a_chunk_sees_all_letters_but_only_the_chunks_before_it():
    net, letters = model(), encode_letters(["tobacco"])
    chunks = torch.zeros_like(letters)
    moved = chunks.clone()
    moved[0, 3] = 4
    changed = (net(letters, chunks) != net(letters, moved)).any(-1)[0]
    assert not changed[:4].any()
    assert changed[4:].any()
    other = letters.clone()
    other[0, -1] = 5
    assert (net(letters, chunks) != net(other, chunks)).any(-1)[0].all()


def test_a_new_model_says_that_all_chunks_are_alike():
    letters, chunks = batch()
    net = LetterToSound(CHUNKS, 5, 6, 7)
    loss = recipe.loss(net(letters, chunks), recipe.Batch(letters, chunks))
    assert loss.item() == pytest.approx(np.log(len(CHUNKS)), abs=1e-6)


def test_one_batch_is_learned_by_heart():
    aligned = [
        [("b", ("B",)), ("o", ("AA1",)), ("x", ("K", "S"))],
        [("c", ("K",)), ("o", ("AA1",)), ("b", ("B",))],
        [("t", ("T",)), ("a", ("AA1",)), ("c", ("K",)), ("k", ())],
    ] * 5
    job = recipe.LetterToSoundTask(aligned, rows=20, embedding=8, reader_width=8, width=12, dropout=0.0)
    (one,) = job.batches(np.random.default_rng(0))
    adam = torch.optim.Adam(job.model.parameters(), lr=0.02)
    for _ in range(150):
        loss, parts = job.loss(job.model, one, 0)
        adam.zero_grad()
        loss.backward()
        adam.step()
    assert loss.item() < 0.02
    assert parts["right"] == 1
    job.model.eval()
    for beam in (1, 3):
        assert job.model.infer("box", beam) == ("B", "AA1", "K", "S")
        assert job.model.infer("tack", beam) == ("T", "AA1", "K")


def test_a_wide_beam_finds_the_best_of_all_sequences():
    import itertools

    net, word = model(3), "box"
    letters = encode_letters([word])
    every = torch.tensor(list(itertools.product(range(len(CHUNKS)), repeat=3)))
    scores = torch.log_softmax(net(letters.expand(len(every), -1), every), -1)
    total = scores.gather(-1, every[..., None])[..., 0].sum(1)
    best = every[total.argmax()]
    assert net.infer(word, beam=len(every)) == tuple(" ".join(CHUNKS[n] for n in best).split())


def test_bad_input_is_refused():
    net, (letters, chunks) = model(), batch()
    with pytest.raises(InputError, match="one chunk a letter"):
        net(letters, chunks[:, :2])
    with pytest.raises(InputError, match="beam is 0"):
        net.infer("box", beam=0)


class OneStep(torch.nn.Module):
    """What an app exports: one letter is written."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, read, said, h, c):
        logits, (h, c) = self.net.write(read, said, (h, c))
        return logits, h, c


@pytest.mark.filterwarnings("ignore")
def test_onnx_reads_and_writes_like_torch(tmp_path):
    import onnxruntime

    net = model().float()
    letters = encode_letters(["tobacco"])

    def demand(module, inputs, others):
        path = tmp_path / f"{type(module).__name__}.onnx"
        torch.onnx.export(module.eval(), tuple(inputs.values()), path, input_names=list(inputs), dynamo=False)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        found = session.run(None, {name: value.numpy() for name, value in others.items()})
        expected = module(*others.values())
        for a, b in zip(found, expected if isinstance(expected, tuple) else (expected,), strict=True):
            np.testing.assert_allclose(a, b.detach().numpy(), atol=1e-6)

    demand(net.reader, {"letters": letters}, {"letters": letters.flip(1)})
    inputs = {
        "read": torch.randn(1, 1, 12),
        "said": torch.tensor([[2]]),
        "h": torch.randn(1, 7),
        "c": torch.randn(1, 7),
    }
    others = {
        name: torch.randn_like(value) if value.is_floating_point() else value + 1
        for name, value in inputs.items()
    }
    demand(OneStep(net), inputs, others)


# ------------------------------------------------------------------ the recipe


def test_rare_chunks_and_their_words_are_left_out():
    aligned = [[("a", ("AA1",))]] * 5 + [[("b", ("B", "ZH"))]] * 4
    job = recipe.LetterToSoundTask(aligned, embedding=4, reader_width=4, width=4)
    assert job.model.chunks == ["AA1"]
    assert len(job.words) == 5


def test_an_epoch_holds_every_word_once_and_follows_its_seed():
    aligned = [[(letter, ("AA1",))] * length for letter in "abc" for length in range(1, 8)]
    job = recipe.LetterToSoundTask(aligned, rows=4, embedding=4, reader_width=4, width=4)

    def epoch(seed):
        return [
            tuple(row[row > 0].tolist())
            for b in job.batches(np.random.default_rng(seed))
            for row in b.letters
        ]

    assert len(set(epoch(0))) == len(epoch(0)) == 21
    assert epoch(0) == epoch(0) != epoch(1)
