"""Letters to phonemes in PyTorch: read the word in both directions, then say it letter by letter.

The plan is Yao & Zweig (2015, https://arxiv.org/abs/1506.00196): letters and phonemes are
aligned beforehand, so that each letter stands for a *chunk* of no, one or two phonemes, and an LSTM writes
the chunks while it looks at the letter, at a bidirectional reading of the whole word, and at the chunk
before. Differences: one layer in each direction, and chunks of at most two phonemes.
"""

from collections.abc import Sequence

import torch
from torch import nn

from deepsense_lib.errors import InputError
from deepsense_lib.torch_models.recurrent import LSTM

ALPHABET = "abcdefghijklmnopqrstuvwxyz"


class WordReader(nn.Module):
    """Letters become vectors that know the whole word: one LSTM from the left, one from the right."""

    def __init__(self, embedding: int, width: int):
        super().__init__()
        self.letter = nn.Embedding(len(ALPHABET) + 1, embedding)
        self.forwards = LSTM(embedding, width)
        self.backwards = LSTM(embedding, width)

    def forward(self, letters: torch.Tensor) -> torch.Tensor:
        """Map letters (batch, letters), 0 is padding, to (batch, letters, 2 width)."""
        mask = (letters != 0).to(self.letter.weight.dtype)
        x = self.letter(letters)
        # From the right the padding comes first; the mask keeps the state at zero until the word begins.
        right = self.backwards(x.flip(1), mask=mask.flip(1))[0].flip(1)
        return torch.cat([self.forwards(x, mask=mask)[0], right], -1)


class LetterToSound(nn.Module):
    """Letters to a chunk of phonemes for each letter.

    chunks: what a letter can stand for, as text: "", "AH0", "K S"; the order is that of the outputs.
    """

    def __init__(
        self,
        chunks: Sequence[str],
        embedding: int = 64,
        reader_width: int = 128,
        width: int = 208,
        dropout: float = 0.2,
    ):
        super().__init__()
        self.configuration = {
            "chunks": list(chunks),
            "embedding": embedding,
            "reader_width": reader_width,
            "width": width,
            "dropout": dropout,
        }
        self.chunks = list(chunks)
        self.reader = WordReader(embedding, reader_width)
        self.previous = nn.Embedding(len(chunks) + 1, embedding)  # the last one: nothing was said yet
        self.dropout = nn.Dropout(dropout)
        self.writer = LSTM(2 * reader_width + embedding, width)
        self.output = nn.Linear(width, len(chunks))
        nn.init.zeros_(self.output.weight)  # a new model says that all chunks are alike
        nn.init.zeros_(self.output.bias)

    def forward(self, letters: torch.Tensor, chunks: torch.Tensor) -> torch.Tensor:
        """Score every chunk of every letter, from the true chunks before it (teacher forcing).

        letters (batch, letters), 0 is padding; chunks (batch, letters), numbers of the true chunks, anything
        at padding. Returns logits (batch, letters, chunks).
        Raises: InputError when the two differ in shape.
        """
        if letters.shape != chunks.shape:
            raise InputError(
                f"letters of shape {tuple(letters.shape)} and chunks of shape {tuple(chunks.shape)}; "
                "expected one chunk a letter."
            )
        nothing = torch.full_like(chunks[:, :1], len(self.chunks))
        said = torch.cat([nothing, chunks[:, :-1]], 1)
        return self.write(self.reader(letters), said, None)[0]

    def write(self, read: torch.Tensor, said: torch.Tensor, state) -> tuple:
        """Go some steps: read (batch, steps, 2 reader_width), what was said before each (batch, steps).

        Returns logits (batch, steps, chunks) and the next state.
        """
        x = self.dropout(torch.cat([read, self.previous(said)], -1))
        x, state = self.writer(x, state)
        return self.output(self.dropout(x)), state

    @torch.no_grad()
    def infer(self, word: str, beam: int = 1) -> tuple[str, ...]:
        """Say a word of the letters a to z: the phonemes of the best sequence of chunks that the beam found.

        Raises: InputError for an empty word, another character, or a beam below 1.
        """
        read, beams = self.reader(encode_letters([word])), [(0.0, (), None)]
        if beam < 1:
            raise InputError(f"the beam is {beam}; expected at least 1.")
        for i in range(len(word)):
            extended = []
            for score, said, state in beams:
                last = torch.tensor([[said[-1] if said else len(self.chunks)]])
                logits, new = self.write(read[:, i : i + 1], last, state)
                best = torch.log_softmax(logits[0, 0], -1).topk(min(beam, len(self.chunks)))
                extended += [
                    (score + value, (*said, number), new)
                    for value, number in zip(best.values.tolist(), best.indices.tolist(), strict=True)
                ]
            beams = sorted(extended, key=lambda entry: -entry[0])[:beam]
        return tuple(" ".join(self.chunks[number] for number in beams[0][1]).split())


def encode_letters(words: Sequence[str]) -> torch.Tensor:
    """Turn words of the letters a to z into numbers (words, longest), 1 for a, 0 for padding.

    Raises: InputError for an empty word or list, or another character.
    """
    for word in words:
        if not word or set(word) - set(ALPHABET):
            raise InputError(f"the word {word!r} was given; expected at least one letter, all of a to z.")
    if not words:
        raise InputError("no words were given; expected at least one.")
    rows = [torch.tensor([ALPHABET.index(letter) + 1 for letter in word]) for word in words]
    return nn.utils.rnn.pad_sequence(rows, batch_first=True)
