"""How words that are not written out are read: addresses, abbreviations, initials, Roman numbers, signs.

`BEFORE_NUMBERS` and `AFTER_NUMBERS` are lists of ``(pattern, reading)``, applied from first to last
around the rules of `written_numbers`.
"""

import functools
import re

from deepsense_lib.speech.number_words import cardinal, digits, ordinal

# After these words a full stop never ends a sentence.
TITLES = {
    "mr": "mister", "mrs": "missus", "ms": "ms", "dr": "doctor", "prof": "professor", "gen": "general",
    "col": "colonel", "lt": "lieutenant", "sgt": "sergeant", "capt": "captain", "rev": "reverend",
    "hon": "honorable", "gov": "governor", "sen": "senator", "rep": "representative", "mt": "mount",
    "ft": "fort", "st": "saint",
}  # fmt: skip
ABBREVIATIONS = {
    "jr": "junior", "sr": "senior", "etc": "et cetera", "vs": "versus", "approx": "approximately",
    "dept": "department", "inc": "incorporated", "ltd": "limited", "corp": "corporation",
    "ave": "avenue", "blvd": "boulevard", "hwy": "highway", "bldg": "building", "govt": "government",
    "tel": "telephone", "ext": "extension", "cf": "compare", "esp": "especially", "incl": "including",
    "misc": "miscellaneous",
}  # fmt: skip
DATES = {
    "jan": "january", "feb": "february", "apr": "april", "aug": "august", "sept": "september",
    "sep": "september", "oct": "october", "nov": "november", "dec": "december", "mon": "monday",
    "tue": "tuesday", "tues": "tuesday", "wed": "wednesday", "thu": "thursday", "thurs": "thursday",
    "fri": "friday", "sat": "saturday", "sun": "sunday",
}  # fmt: skip
BEFORE_A_NUMBER = {
    "no": "number", "nos": "numbers", "vol": "volume", "ch": "chapter", "chap": "chapter", "fig": "figure",
    "figs": "figures", "eq": "equation", "eqs": "equations", "sec": "section", "p": "page", "pp": "pages",
    "ver": "version", "v": "version", "ca": "circa", "c": "circa", "art": "article", "op": "opus",
}  # fmt: skip
_WITHOUT_STOP = {"mr", "mrs", "dr", "prof", "etc", "vs", "jr", "sr", "dept", "approx", "ltd"}
_PER = {"hr": "hour", "min": "minute", "sec": "second", "kg": "kilogram", "km": "kilometer", "yr": "year"}
_PHRASES = {"e.g": "for example", "i.e": "that is", "a.k.a": "also known as", "p.s": "postscript"}
# Words with which a sentence likes to begin: a full stop before them ends a sentence as well.
STARTERS = frozenset(
    "The A An In It He She We They You I But And So This That These Those There Then When While After "
    "Before If My Our Your His Her Its Their What Who Where Why How As At On For To Press No Yes".split()
)
# Capitals that are read as a word although they are short.
_CAPITAL_WORDS = frozenset(
    "A I AM AN AND ANY ARE AS ASK AT BE BIG BUT BUY BY CAN CAR DAY DID DO END FOR GET GO GOT HAD HAS HE HER "
    "HIM HIS HOW IF IN IS ITS JOB KEY LET LOT MAN MAY ME MEN MY NEW NO NOT NOW OF OFF OH OK OLD ON ONE OR "
    "OUR OUT OWN PAY PIN PUT RAM RUN SAW SAY SEE SET SHE SIM SIP SIX SO TEN THE TO TOO TOP TRY TWO UP USE "
    "VAT VIA WAR WAS WAY WE WHO WHY WON YES YET YOU ZIP ACT ADD AGE AGO AIR ALL BAD BAG BAN BED BIT BOX BOY "
    "CUT DOG DRY EAT FAR FEW FIX FUN GAN HOT ICE KID LOW MAD RED SAD SIR SON SUN TAX TEA ZAP AIDS BASIC "
    "GIF GUI JPEG LASER NASA NATO OPEC RADAR SCUBA UNESCO UNICEF".split()
)
# Longer capitals that are spelled nevertheless.
_SPELLED = frozenset(
    "HTML HTTPS AAAI IEEE ISBN YMCA UNHCR OECD ADHD IAX USB USA IVR DIY FAQ USD EUR CEO "
    "UK EU UN CIA TV PC AI ID IQ VIP UFO LOL OMG".split()
)
_REGNAL = (
    "Henry|Louis|George|Edward|Charles|James|William|Elizabeth|Richard|Paul|Pius|Benedict|Catherine|Philip|"
    "Napoleon|Ramses|Leo|Gregory|Alexander|Nicholas|Frederick|Mary|Peter|Innocent|Urban|Clement|Francis"
)
_NUMBERED = "War|Part|Chapter|Volume|Act|Section|Phase|Type|Class|Book|Level|Bowl|Scene|Appendix|Stage|Grade"
_ROMAN = r"(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?<=[IVXLC])"
_ALONE = r"(?=\s*(?:[.,:;!?)]|$))"  # "Part I." is a number, "the part I liked" is not
_ENDINGS = (
    "com|org|net|edu|gov|io|dev|ai|uk|de|fr|jp|cn|info|"
    "txt|yml|toml|ipynb|pdf|html|py|wav|mp3|zip|csv|json|md|png|jpg|exe"
)
_WEB_SIGNS = {".": "dot", "/": "slash", "-": "dash", "_": "underscore", "@": "at", "?": "question mark"}
_WEB_SIGNS |= {
    "=": "equals",
    "&": "and",
    "+": "plus",
    "#": "hash",
    "%": "percent",
    ":": "colon",
    "~": "tilde",
}


# No English word begins or ends in these ways.
_NOT_ENGLISH = re.compile(
    "^(?:[BCDFGJKLMNPQRTVXZ](?![AEIOUYLRHWS])|M[LRWS]|[JQ][LRHWS])|[BCDFGJKPTVZ][BDFGJMNVW]$"
)


def roman(text: str) -> int:
    """Give the value of a Roman number: XIV is 14."""
    values = [{"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}[letter] for letter in text]
    following = [*values[1:], 0]
    return sum(-value if value < after else value for value, after in zip(values, following, strict=True))


def ends_sentence(rest: str) -> bool:
    """Tell whether an abbreviation's full stop, followed by `rest`, ends the sentence as well."""
    word = re.match(r"[\"')\]]*\s*([A-Za-z']*)", rest)
    return not rest.strip("\"') ]") or "\n\n" in rest[:3] or word[1] in STARTERS


def _stop(match: re.Match) -> str:
    """Keep a full stop that ended the abbreviation and the sentence at once."""
    dotted = match[0].rstrip().endswith(".")
    return "." if dotted and ends_sentence(match.string[match.end() : match.end() + 40]) else ""


def write_out(token: str) -> str:
    """Write out an abbreviation among finished words: "prof" always, "inc" only before a full stop."""
    word = token.rstrip(",.?!")
    if word in _WITHOUT_STOP or (token.endswith(".") and word in ABBREVIATIONS):
        return (TITLES | ABBREVIATIONS)[word] + token[len(word) :]
    return token


def spell(letters: str) -> str:
    """Separate letters, to be read by their names: "PBX" becomes "p b x"."""
    return " ".join(letters.lower())


def _web(match: re.Match) -> str:
    address = re.sub(r"^(?:https?|ftp)://", "", match[0].rstrip("./"), flags=re.IGNORECASE).lower()
    address = re.sub(r"^www\b", "w w w", address)
    address = re.sub(r"\d+", lambda number: f" {digits(number[0])} ", address)
    address = re.sub(r"[^\w\s']|_", lambda sign: f" {_WEB_SIGNS.get(sign[0], '')} ", address)
    stop = "." if match[0].endswith(".") else ""
    return address + stop


def _dotted(match: re.Match) -> str:
    phrase = _PHRASES.get(match[0].rstrip(".").lower())
    return (phrase or spell(re.sub(r"[.\s]", "", match[0]))) + _stop(match)


def _abbreviation(match: re.Match) -> str:
    word = match[1].lower()
    return (ABBREVIATIONS.get(word) or DATES.get(word) or TITLES[word]) + _stop(match)


def _street(match: re.Match) -> str:
    return f"{match[1]} {'street' if match[2] == 'St' else 'drive'}{_stop(match)}"


def _capitals(match: re.Match) -> str:
    """Read capitals as a word or letter by letter."""
    word, ending = match[1], match[2] or ""
    if not _is_spelled(word, shouted=_is_shouted(match.string)):
        return word.lower() + ending.lower()
    return spell(word) + ("'s" if ending else "")


@functools.lru_cache(maxsize=2)
def _is_shouted(text: str) -> bool:
    """Tell whether a text is all in capitals, so that capitals mean nothing."""
    return not re.search("[a-z]", text) and len(re.findall("[A-Z]{2,}", text)) > 2


def _is_spelled(word: str, shouted: bool) -> bool:
    """Tell whether a word in capitals is read letter by letter."""
    if word in _CAPITAL_WORDS:
        return False
    if word in _SPELLED or len(word) == 1:
        return True
    if len(word) > 6 or re.fullmatch("(.)\\1{3,}", word):
        return False
    if not re.search("[AEIOUY]", word):
        return True
    return bool(_NOT_ENGLISH.search(word)) or (len(word) <= 3 and not shouted)


_WORD_BEFORE = "(" + "|".join(BEFORE_A_NUMBER) + ")"
_ANY_CASE = "|".join(ABBREVIATIONS)
_DAYS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun"
# "Sat." and "Sun." are words as well.
_DAYS_AND_MONTHS = "|".join(word.title() for word in DATES if word not in ("sat", "sun"))
BEFORE_NUMBERS = [
    (re.compile(pattern), reading)
    for pattern, reading in [
        (r"(?i)\b(?:https?://|ftp://|www\.)[^\s<>\"'(){}\[\],]{1,2000}", _web),
        (r"(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]{1,64}(?:\.[A-Za-z0-9-]{1,64}){1,8}", _web),
        (
            rf"(?<![\w.-])[A-Za-z][\w-]{{0,64}}(?:\.[\w-]{{1,64}}){{0,8}}\.(?:{_ENDINGS})\b(?:/[\w./-]{{0,500}})?",
            _web,
        ),
        (r"_", lambda m: ""),
        (r"(?i)\b(?:e-mail|t-shirt|x-ray)s?\b", lambda m: m[0].replace("-", "").lower()),
        (r"(?<![\w.])(?:[A-Za-z]\.){2,12}(?![A-Za-z])|(?<![\w.])(?:[eE]\.g|[iI]\.e)\b", _dotted),
        (r"(?<![\w.])Ph\.?\s?Ds?\b\.?", lambda m: "p h d" + _stop(m)),
        (r"\b([A-Z][a-z']+) (St|Dr)\.(?!\s+[A-Z][a-z]+\b(?<!\bThe)(?<!\bThen))", _street),
        (
            r"\b(St|Mt|Ft|Gen|Col|Lt|Sgt|Capt|Rev|Hon|Gov|Sen|Rep)\.(?=\s*[A-Z])",
            lambda m: TITLES[m[1].lower()],
        ),
        (r"(?<![A-Za-z'])(Mr|Mrs|Ms|Dr|Prof|mr|mrs|dr|prof)\.", lambda m: TITLES[m[1].lower()]),
        (rf"(?i)(?<![A-Za-z'])({_ANY_CASE})\.", _abbreviation),
        (rf"(?i)(?<![\w'-]){_WORD_BEFORE}\.\s?(?=\(?\d)", lambda m: BEFORE_A_NUMBER[m[1].lower()]),
        (r"\bWW(II?)\b", lambda m: f"world war {cardinal(len(m[1]))}"),
        (r"\bw/o\b", lambda m: "without"),
        (r"\bw/(?=\s)", lambda m: "with"),
        (r"\bC\+\+", lambda m: "c plus plus"),
        (r"\b([A-G])#", lambda m: f"{m[1].lower()} sharp"),
        (r"#(?=\d)", lambda m: "number"),
        (r"#(?=[A-Za-z])", lambda m: "hashtag"),
        (rf"\b({_REGNAL}) ((?!I\b){_ROMAN})\b", lambda m: f"{m[1]} the {ordinal(roman(m[2]))}"),
        (rf"\b({_REGNAL}) I\b{_ALONE}", lambda m: f"{m[1]} the first"),
        (rf"\b({_NUMBERED}) ((?!I\b){_ROMAN})\b", lambda m: f"{m[1]} {cardinal(roman(m[2]))}"),
        (rf"\b({_NUMBERED}) I\b{_ALONE}", lambda m: f"{m[1]} one"),
        (rf"\b({_ROMAN})(?:th)? [cC]entury", lambda m: f"{ordinal(roman(m[1]))} century"),
        (r"\b([A-Z])\.(?=\s+[A-Z])", lambda m: spell(m[1]) + _stop(m)),
        (r"\b([A-Z])\.(\d+)(?!\w)", lambda m: f"{spell(m[1])} dot {digits(m[2])}"),
        (r"~\s?(?=\d)", lambda m: "about"),
    ]
]
AFTER_NUMBERS = [
    (re.compile(pattern), reading)
    for pattern, reading in [
        (rf"\b({_DAYS})\.?-({_DAYS})\b\.?", lambda m: f"{DATES[m[1].lower()]} to {DATES[m[2].lower()]}"),
        (rf"\b({_DAYS_AND_MONTHS})\.", _abbreviation),
        (r"'n'", lambda m: "and"),
        (r"\b([A-Z]{1,2})&([A-Z])\b", lambda m: f"{spell(m[1])} and {spell(m[2])}"),
        (r"/(?=(?:hour|day|week|month|year|night|person|minute|second|mile|unit)\b)", lambda m: "per"),
        (r"/(hr|min|sec|kg|km|yr)\b", lambda m: f"per {_PER[m[1]]}"),
        (r"(?<=[A-Za-z])-(?=[A-Za-z])", lambda m: ""),
        (r"&", lambda m: "and"),
        (r"@", lambda m: "at"),
        (r"%", lambda m: "percent"),
        (r"\+", lambda m: "plus"),
        (r"=", lambda m: "equals"),
        (r"(?<=\s)<(?=\s)", lambda m: "is less than"),
        (r"(?<=\s)>(?=\s)", lambda m: "is greater than"),
        (r"°", lambda m: "degrees"),
        (r"²", lambda m: "squared"),
        (r"³", lambda m: "cubed"),
        (r"µ", lambda m: "micro"),
        (r"(?<![^\s(\"'])\*(?![^\s)\"'.,!?;:])", lambda m: "star"),
        (r"#", lambda m: "pound"),
        (r"\$", lambda m: "dollar"),
        (r"€", lambda m: "euro"),
        (r"£", lambda m: "pound"),
        (r"¥", lambda m: "yen"),
        (r"¢", lambda m: "cent"),
        (r"₹", lambda m: "rupee"),
        (r"\^", lambda m: "to the power of"),
        (r"(?<![A-Za-z'])([A-Z]+)('?s)?(?!'?[a-z])", _capitals),
    ]
]
