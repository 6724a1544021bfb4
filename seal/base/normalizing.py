"""The forms in which answers are compared: what a reader takes for the same answer is the same text.

`normalized` is SEAL's rule. `published` is SQuAD's (arXiv 1606.05250). It knows ASCII only and drops all punctuation:
1.5 becomes 15, -5 becomes 5, and the two ways in which Unicode writes `ë` differ.
"""

import re
import string
from functools import partial
from itertools import pairwise
from typing import Literal
from unicodedata import category, decimal, normalize

Normalize = bool | Literal["published"]
"""The form that texts are compared in: true is SEAL's, `published` is SQuAD's, false takes them as they are."""

_ASCII_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ASCII_ARTICLES = re.compile(r"\b(a|an|the)\b")
_ARTICLES = ("a", "an", "the")
_UNSPOKEN = str.maketrans("", "", "™®©℠")
_ALIKE = str.maketrans({"⁄": "/", "♯": "#", "≈": "~", "−": "-", "—": " ", "―": " ", "°": " degrees "})
_THIN = "\u00a0\u2007\u2009\u202f"
"""Spaces that may stand between the thousands of a number."""
_CURRENCIES = "$¢£¥" + "".join(map(chr, range(0x20A0, 0x20D0)))
_MONEY = f"[{_CURRENCIES}]"

Rule = tuple[str, re.Pattern[str], str]
"""Characters of which a text has one at least where the pattern may match, the pattern, and what takes its place."""


def _rules(*rules: tuple[str, str, str]) -> tuple[Rule, ...]:
    return tuple((needed, re.compile(pattern), replacement) for needed, pattern, replacement in rules)


_BEFORE_UNICODE = _rules(
    (_THIN, rf"(?<!\d{{4}})(?<=\d)[{_THIN}](?=\d{{3}}(?!\d))", ""),
    ("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", r"(?<=\d)(?=[⁻⁰¹²³⁴-⁹])", "^"),  # 10² is not 102
    ("¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞", r"(?<=\d)(?=[¼-¾⅐-⅞])", " "),  # nor 1½ 11/2
    ("—―", r"(?<=\d)\s*[—―]\s*(?=\d)", "-"),
)
"""What is said before Unicode's normal form would lose it."""
_THOUSANDS = re.compile(r"(?<![\d,.])[1-9](?:\d{0,2}(?:,\d{3})+|\d?(?:,\d{2})+,\d{3})(?!,?\d)")
_NUMBERS = _rules(
    ("+*^=<>≤≥×÷", r"(?<=\w)\s+([+*^=<>≤≥×÷])\s+(?=\w)", r"\1"),
    ("-/:", r"(?<=\d)\s+([-/:])\s+(?=\d)", r"\1"),
    (",", r"(?<![\d,.])(\d+),(?=\d+(?![\d,]|\.\d))", r"\1."),  # a decimal comma; thousands have lost theirs
    ("'", r"(?<=\d)'(?=\d{3}(?!\d))", ""),
    (".", r"(?<![\w.])\.(?=\d)", "0."),
    ("%", r"(?<=\d)\s*%\s*-\s*(?=\d)", "-"),
    ("%", r"(?<!\s)\s*%", " percent "),
    ("‰", r"(?<!\s)\s*‰", " permille "),
    ("p", r"\bper cent\b", "percent"),
    (_CURRENCIES, rf"(?<![\w.,])(\d[\d.,]*)\s?({_MONEY})(?!\s?\d)", r"\2\1"),
    (_CURRENCIES, rf"({_MONEY})\s+(?=\d)", r"\1"),
    (_CURRENCIES, rf"({_MONEY})-(?=\d)", r"-\1"),
)
"""One way of writing a number with its unit, or a sum."""
_SIGNS = re.compile(
    rf"""
    (?= [^\w\s] | _ )
    (?: (?P<between_digits> (?<=\d) [^\w\s]+ (?=\d) )
    | (?P<run> [][{{}}()"'`|\\@&!?;,]+ | (?<![-_=*.:~]) (?: [-_=*.:~]{{2,}} (?=\s|\Z) | [-_=*.:~]{{3,}} (?!\d) ) )
    | (?P<of_power> (?<=\de) - (?=\d) )
    | (?P<joint> (?<=\w) [-/] (?=\w) )
    | (?P<of_number> (?<!\w) [-<>≤≥±]{{1,2}} (?={_MONEY}?\d) | {_MONEY} (?=\d) | (?<=\d) \+ (?!\w) )
    | (?P<between> (?<=\w) [*^=<>≤≥] (?=\w) )
    | (?P<of_name> (?<=[^\W\d_]) (?: \++ | \#+ (?!\w) ) | (?: (?<=\b[^\W\d_]) | (?<=\b[^\W\d_][^\W\d_]) ) - (?!\w) )
    | . )
    """,
    re.VERBOSE,
)


def published(text: str) -> str:
    """Lower case, without ASCII punctuation and articles, single spaces."""
    return " ".join(_ASCII_ARTICLES.sub(" ", text.lower().translate(_ASCII_PUNCTUATION)).split())


def normalized(text: str, *, joint: str = "") -> str:
    """Lower case, one Unicode form, no punctuation, single spaces; what tells numbers and names apart stays.

    - Signs stay between digits (`1.5`, `3:30`, `1/2`, `5-10`), in front of numbers (`-5`, `<5`) and behind names
      (`C++`, `C#`, `O-`). Thousands may have separators: `1,000` is `1000`. A decimal comma is a point.
    - `5 %` is `5%` and `5 percent`; `5 €` is `€5`. Neither is `5`.
    - An article goes in front of a word only: `Hepatitis A` is not `Hepatitis`.

    `joint` stands for a hyphen or slash inside of a word, and a blank one for the hyphen of a range too.
    """
    plain = text.lower() if text.isascii() else _in_one_form(text)
    if "," in plain:
        plain = _THOUSANDS.sub(lambda number: number[0].replace(",", ""), plain)
    plain = _applied(_NUMBERS, plain)
    words = _SIGNS.sub(partial(_kept, joint=joint), plain).split()
    return " ".join(word for word, after in pairwise([*words, ""]) if not after or word not in _ARTICLES)


def form(text: str, normalize: Normalize) -> str:
    """A text as it is compared."""
    if normalize == "published":
        return published(text)
    return normalized(text) if normalize else text.strip()


def _applied(rules: tuple[Rule, ...], text: str) -> str:
    there = {*text}
    for needed, pattern, replacement in rules:
        if not there.isdisjoint(needed):
            text = pattern.sub(replacement, text)
    return text


def _in_one_form(text: str) -> str:
    text = _applied(_BEFORE_UNICODE, text)
    text = normalize("NFKC", normalize("NFKC", text.translate(_UNSPOKEN)).casefold())
    text = text.translate(_ALIKE)
    return text.translate({ord(character): _plain(character) for character in {*text}})


def _plain(character: str) -> str:
    """One character for those that look alike, and none for those that nobody sees."""
    kind = category(character)
    if kind == "Nd":
        return str(decimal(character))
    if kind == "Pd":
        return "-"
    is_selector = "\ufe00" <= character <= "\ufe0f"  # of how an emoji is drawn
    return "" if kind == "Cf" or is_selector or (kind == "Cc" and not character.isspace()) else character


def _kept(found: re.Match[str], *, joint: str) -> str:
    """What stays of signs."""
    sign = found[0]
    if found["between_digits"]:
        apart = sign == "," or (sign == "-" and joint == " ")
        return sign if sign == "^-" or (len(sign) == 1 and not apart) else " "
    if found["joint"]:
        return joint
    if found["of_number"] or found["of_power"] or found["of_name"] or found["between"]:
        return sign
    return "" if found["run"] or sign in string.punctuation or category(sign).startswith("P") else sign
