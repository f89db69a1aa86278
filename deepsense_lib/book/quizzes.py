"""Multiple-choice questions inside the page: native radio buttons, no script, no network."""

import hashlib
from collections.abc import Mapping

from deepsense_lib.book.markup import Html, escape
from deepsense_lib.errors import InputError

# The rules travel with the question, so that it also works in JupyterLab. The feedback of the chosen answer
# appears by `:checked` alone; the live region lets a screen reader say it.
STYLE = "<style>.ds-quiz .ds-feedback{display:none}.ds-quiz input:checked~.ds-feedback{display:block}</style>"


def quiz(question: str, options: Mapping[str, tuple[bool, str]]) -> Html:
    """Show a question whose answers explain themselves when chosen.

    Args:
        question: one sentence.
        options: answer -> (is it right, the reason), in the order shown; exactly one is right.

    Raises:
        InputError: if not exactly one answer is right, or a reason is missing.
    """
    right = [answer for answer, (correct, _) in options.items() if correct]
    if len(right) != 1 or len(options) < 2:
        raise InputError(
            f"quiz '{question}': found {len(right)} right of {len(options)} answers, expected one of several"
        )
    name = "quiz-" + hashlib.sha256(question.encode()).hexdigest()[:10]
    rows = []
    for number, (answer, (correct, reason)) in enumerate(options.items()):
        if not reason.strip():
            raise InputError(f"quiz '{question}': answer '{answer}' has no reason")
        verdict = "Right." if correct else "Not this one."
        rows.append(
            f'<div class="ds-option"><input type="radio" name="{name}" id="{name}-{number}">'
            f'<label for="{name}-{number}">{escape(answer)}</label>'
            f'<div class="ds-feedback {"ds-right" if correct else "ds-wrong"}" role="status">'
            f"<strong>{verdict}</strong> {escape(reason)}</div></div>"
        )
    markup = f'{STYLE}<fieldset class="ds-quiz"><legend>{escape(question)}</legend>{"".join(rows)}</fieldset>'
    return Html(markup, f"<quiz: {question}>")
