"""Letters to phonemes in Keras 3: the same classes, arguments and numbers as the PyTorch version.

See there for the sources. A layer must be told here whether it trains.
"""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers, ops

from deepsense_lib.errors import InputError
from deepsense_lib.keras_models.recurrent import LSTM

ALPHABET = "abcdefghijklmnopqrstuvwxyz"


class WordReader(layers.Layer):
    """Letters become vectors that know the whole word: one LSTM from the left, one from the right."""

    def __init__(self, embedding: int, width: int, **kwargs):
        super().__init__(**kwargs)
        self.letter = layers.Embedding(len(ALPHABET) + 1, embedding, name="letter")
        self.forwards = LSTM(embedding, width, name="forwards")
        self.backwards = LSTM(embedding, width, name="backwards")

    def call(self, letters):
        """Map letters (batch, letters), 0 is padding, to (batch, letters, 2 width)."""
        mask = ops.cast(letters != 0, self.compute_dtype)
        x = self.letter(letters)
        # From the right the padding comes first; the mask keeps the state at zero until the word begins.
        right = ops.flip(self.backwards(ops.flip(x, 1), mask=ops.flip(mask, 1))[0], 1)
        return ops.concatenate([self.forwards(x, mask=mask)[0], right], axis=-1)


class LetterToSound(keras.Model):
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
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.configuration = {
            "chunks": list(chunks),
            "embedding": embedding,
            "reader_width": reader_width,
            "width": width,
            "dropout": dropout,
        }
        self.chunks = tuple(chunks)
        self.reader = WordReader(embedding, reader_width, name="reader")
        self.previous = layers.Embedding(len(chunks) + 1, embedding, name="previous")
        self.dropout = layers.Dropout(dropout)
        self.writer = LSTM(2 * reader_width + embedding, width, name="writer")
        # A new model says that all chunks are alike.
        self.output_dense = layers.Dense(len(chunks), kernel_initializer="zeros", name="output")

    def call(self, letters, chunks, training: bool = False):
        """Score every chunk of every letter, from the true chunks before it (teacher forcing).

        letters (batch, letters), 0 is padding; chunks (batch, letters), numbers of the true chunks, anything
        at padding. Returns logits (batch, letters, chunks).
        Raises: InputError when the two differ in shape.
        """
        letters, chunks = ops.convert_to_tensor(letters), ops.convert_to_tensor(chunks)
        if tuple(letters.shape) != tuple(chunks.shape):
            raise InputError(
                f"letters of shape {tuple(letters.shape)} and chunks of shape {tuple(chunks.shape)}; "
                "expected one chunk a letter."
            )
        nothing = ops.full_like(chunks[:, :1], len(self.chunks))
        said = ops.concatenate([nothing, chunks[:, :-1]], axis=1)
        return self.write(self.reader(letters), said, None, training)[0]

    def write(self, read, said, state, training: bool = False) -> tuple:
        """Go some steps: read (batch, steps, 2 reader_width), what was said before each (batch, steps).

        Returns logits (batch, steps, chunks) and the next state.
        """
        x = ops.concatenate([read, self.previous(said)], axis=-1)
        x, state = self.writer(self.dropout(x, training=training), state)
        return self.output_dense(self.dropout(x, training=training)), state

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
                last = np.array([[said[-1] if said else len(self.chunks)]])
                logits, new = self.write(read[:, i : i + 1], last, state)
                log_p = np.array(ops.log_softmax(logits[0, 0], axis=-1))
                for number in np.argsort(-log_p, kind="stable")[:beam]:
                    extended.append((score + float(log_p[number]), (*said, int(number)), new))
            beams = sorted(extended, key=lambda entry: -entry[0])[:beam]
        return tuple(" ".join(self.chunks[number] for number in beams[0][1]).split())


def encode_letters(words: Sequence[str]) -> np.ndarray:
    """Turn words of the letters a to z into numbers (words, longest), 1 for a, 0 for padding.

    Raises: InputError for an empty word or list, or another character.
    """
    for word in words:
        if not word or set(word) - set(ALPHABET):
            raise InputError(f"the word {word!r} was given; expected at least one letter, all of a to z.")
    if not words:
        raise InputError("no words were given; expected at least one.")
    rows = np.zeros((len(words), max(map(len, words))), dtype=np.int64)
    for row, word in zip(rows, words, strict=True):
        row[: len(word)] = [ALPHABET.index(letter) + 1 for letter in word]
    return rows
