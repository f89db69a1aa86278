"""The recordings as Debian packages them: where they lie, what they say, how they are decoded.

    apt-get install ffmpeg asterisk-core-sounds-en asterisk-core-sounds-en-g722 gcin-voice

The English prompts are G.722 streams without a header; their texts come as one list, which has errors. What
was said was compared with what is written by a recogniser (tools/judge_speech.py); where they disagreed, both
texts were aligned with the sound and the better fit was kept. The corrections below are all that differ from
the package.
"""

import gzip
import re
import subprocess
from pathlib import Path

import numpy as np

from deepsense_lib.errors import DataError

PROMPTS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
TRANSCRIPTS = Path("/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz")
ENGLISH_COPYRIGHT = Path("/usr/share/doc/asterisk-core-sounds-en-g722/copyright")
SYLLABLES = Path("/usr/share/gcin-voice/ogg")
MANDARIN_COPYRIGHT = Path("/usr/share/doc/gcin-voice/copyright")
RATE = 16000
INSTALL = "apt-get install ffmpeg asterisk-core-sounds-en asterisk-core-sounds-en-g722 gcin-voice"

# Tones, silences, monkeys; "IAX" is said as a word of its own; demo-instruct does not say its text.
NOT_SPEECH = re.compile(r"silence/|(ascending|descending)-2tone$|beep|confbridge-(join|leave)$|tt-monkeys$")
DROPPED = {"spy-iax", "spy-iax2", "demo-instruct"}

# Prompt -> what is really said, written so that `normalize` gives those words.
CORRECTIONS = {
    "conf-adminmenu-menu8": (
        "Press 1 to list users currently in the conference, 2 to kick all non-administrator users, 3 to mute "
        "or unmute all non-administrator users, 4 to record this conference, or 8 to exit this menu and "
        "return to the conference."
    ),
    "de-activated": "Deactivated.",
    "demo-nogo": (
        "I'm afraid I was unable to create a connection to the Digium demonstration Asterisk server.  You "
        "may find some helpful debugging information on the Asterisk console."
    ),
    "digits/h-40": "fortieth",
    "dir-instr": "If this is the person you're looking for press 1 now, otherwise please press star now.",
    "followme/pls-hold-while-try": "please hold while I try to locate the person you're calling",
    "followme/sorry": "I'm sorry, but I was unable to locate the person you're calling",
    "invalid": "I'm sorry, that is not a valid extension.  Please try again.",
    "letters/exclaimation-point": "exclamation point",
    "pbx-invalid": "I'm sorry, but that's not a valid extension.  Please try again.",
    "pbx-invalidpark": "I'm sorry, but there is no call parked on that extension.  Please try again.",
    "phonetic/x_p": "x-ray",
    "sorry-youre-having-problems": "So you're having problems.",
    "spy-h323": "H 3 2 3",
    "unidentified-no-callback": "Unidentified or withheld and therefore cannot be called back.",
    "vm-intro": "Please leave your message after the tone.  When done hang up or press the pound key.",
}
TYPOS = {"represenatives": "representatives", " thru ": " through "}


def transcripts() -> dict[str, str]:
    """Return what every usable English prompt says: name (with its folder) -> corrected text.

    Raises:
        DataError: the packages are not installed.
    """
    if not TRANSCRIPTS.is_file() or not PROMPTS.is_dir():
        raise DataError(f"the recordings are not at {PROMPTS}. Install them: {INSTALL}")
    said = {}
    for line in gzip.decompress(TRANSCRIPTS.read_bytes()).decode("utf-8").splitlines():
        name, colon, text = line.partition(":")
        if not colon or line.startswith(";") or NOT_SPEECH.search(name) or name in DROPPED:
            continue
        text = CORRECTIONS.get(name, re.sub(r"\[.*?\]|\.\.\.", " ", text))
        for wrong, right in TYPOS.items():
            text = text.replace(wrong, right)
        text = " ".join(text.split())
        said[name] = text[0].upper() + text[1:]
    # One listed prompt was never recorded under that name.
    return {name: text for name, text in said.items() if (PROMPTS / f"{name}.g722").is_file()}


def decode(path: Path) -> np.ndarray:
    """Decode a G.722 stream or a sound file to mono 16 kHz samples, float64 ``(samples,)``."""
    form = ["-f", "g722"] if path.suffix == ".g722" else []
    command = ["ffmpeg", "-nostdin", "-v", "error", *form, "-i", str(path), "-ac", "1", "-ar", str(RATE)]
    raw = subprocess.run([*command, "-f", "s16le", "-"], check=True, capture_output=True).stdout
    return np.frombuffer(raw, "<i2") / 32768


def active_level(samples: np.ndarray) -> float:
    """Return the level of speech in dB full scale: mean power of the blocks within 30 dB of the loudest."""
    blocks = samples[: len(samples) // 200 * 200].reshape(-1, 200)
    power = (blocks**2).mean(1)
    return float(10 * np.log10(power[power > power.max() / 1000].mean()))


def licence_text(copyright_file: Path, name: str) -> str:
    """Cut one licence out of a Debian copyright file, without its indent and its dots for empty lines."""
    lines = copyright_file.read_text(encoding="utf-8").splitlines()
    starts = [i for i, line in enumerate(lines) if line == f"License: {name}"]
    text = []
    for line in lines[starts[-1] + 1 :]:
        if line and not line.startswith(" "):
            break
        text.append("" if line.strip() == "." else line[1:])
    return "\n".join(text).strip() + "\n"
