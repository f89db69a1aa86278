"""English text made ready for speech: what is written becomes what is said."""

import re

from deepsense_lib.errors import InputError
from deepsense_lib.speech import number_words


def normalize(text: str) -> str:
    """Write a text as it is spoken: lower-case words and the pause marks ``, . ? !``.

    Raises:
        InputError: the text is empty, or holds nothing that can be spoken.
    """
    text = text.replace("’", "'").lower()
    text = re.sub(r"\d+", lambda match: f" {number_words.whole(match[0])} ", text)
    text = re.sub(r"[;:()–—]", ",", text)
    text = re.sub(r"[^a-z' ,.?!]", " ", text)
    text = re.sub(r"\s*([,.?!])[\s,.?!]*", r"\1 ", text)
    text = " ".join(word for word in text.split() if re.search("[a-z]", word))
    if not text:
        raise InputError(
            "the text holds nothing that can be spoken, expected English words. Type some words."
        )
    return text


def split_sentences(text: str) -> list[str]:
    """Split a text at the ends of its sentences."""
    return [part.strip() for part in re.split(r"(?<=[.?!])\s+", text) if part.strip()]
