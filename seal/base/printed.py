"""Lists and objects that were printed into a text, as `to_csv` does it: read back, and never evaluated.

Python, NumPy (`array(['a'], dtype=object)`, `['a' 'b']`) and JSON print them in different ways.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import accumulate, pairwise
from typing import Any

from seal.base.json_text import RepeatedKeyError, parsed, without_repeats

_WRAPPERS = ("array", "list", "tuple", "set", "frozenset", "deque", "OrderedDict")
_CALL = (
    rf"((np|numpy|datetime)\.)?({'|'.join(_WRAPPERS)}|date|datetime|timedelta|Decimal|Timestamp|UUID)\(\s*['\"\[{{(\d]"
)
_LIST_OR_OBJECT = rf"""[\[{{(]*[\[{{]\s*(b?['"]|{_CALL}|np\.)"""
_TUPLE = r"""\(\s*(?P<quote>['"]).*?(?P=quote)\s*,"""
_BYTES = r"""b(?P<mark>['"]).*(?P=mark)$"""
_BEGINS_PRINTED = re.compile(f"{_LIST_OR_OBJECT}|{_CALL}|{_TUPLE}|{_BYTES}", re.DOTALL)
"""What no text in words begins with: a list or an object of texts, a tuple of several, and bytes."""
_NUMPY = re.compile(r"(np|numpy)\.(array|str_|bytes_|bool_?|u?int\d+|float\d+)")
"""What prints as a call of its value."""
_NAMES = {
    **dict.fromkeys(("nan", "NaN", "NaT", "null"), None),
    **dict.fromkeys(("np.True_", "true"), True),
    **dict.fromkeys(("np.False_", "false"), False),
}
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


def is_printed(text: str) -> bool:
    """Whether a text is, or was meant to be, a list, an object or bytes."""
    return bool(_BEGINS_PRINTED.match(text.strip()))


def read_back(text: str) -> Any:
    """The list, tuple, set, object or bytes that a text is; the text itself where it is in words, such as `[sic]`.

    Raises:
        ValueError: it begins like one and cannot be read.
    """
    stripped = text.strip()
    if not is_printed(stripped) and not (stripped.startswith("[") and stripped.endswith("]")):
        return text
    try:
        found = _json_or_literal(stripped)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError, tokenize.TokenError) as error:
        if is_printed(stripped):
            raise ValueError(
                f"begins like a printed list or object and cannot be read back: {stripped:.40}; a text that begins so "
                "is written as a list of one"
            ) from error
        return text
    return found if isinstance(found, (list, tuple, set, dict, bytes)) else text


def _json_or_literal(text: str) -> Any:
    try:
        return parsed(text, object_pairs_hook=without_repeats, parse_float=Decimal)
    except RepeatedKeyError:
        raise
    except ValueError:
        return _literal(text)


def _literal(text: str) -> Any:
    tree = ast.parse(_with_commas(text), mode="eval")
    return ast.literal_eval(_Unwrapped().visit(tree))


def _with_commas(text: str) -> str:
    """The text with a comma between values that stand side by side: NumPy prints none, and Python would join texts."""
    starts = [0, *accumulate(map(len, io.StringIO(text)))]
    places = [starts[row - 1] + column for row, column in _gaps(text)]
    for place in reversed(places):
        text = f"{text[:place]},{text[place:]}"
    return text


def _gaps(text: str) -> Iterator[tuple[int, int]]:
    """The end of each value, as row and column, that is followed by another without anything between them."""
    tokens: Sequence[tokenize.TokenInfo] = [
        token
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type not in (tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT)
    ]
    for one, other in pairwise(tokens):
        calls = one.type == tokenize.NAME and other.string == "("
        if _ends_value(one) and _begins_value(other) and not calls:
            yield one.end


def _ends_value(token: tokenize.TokenInfo) -> bool:
    return _is_plain(token) or token.string in _CLOSING


def _begins_value(token: tokenize.TokenInfo) -> bool:
    return _is_plain(token) or token.string in _OPENING


def _is_plain(token: tokenize.TokenInfo) -> bool:
    return token.type in (tokenize.STRING, tokenize.NUMBER, tokenize.NAME) or token.string == "..."


class _Unwrapped(ast.NodeTransformer):
    """Calls that only say of what type a value is become the value; names of missing values become None."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = ast.unparse(node.func)
        known = name.rpartition(".")[2] in _WRAPPERS or _NUMPY.fullmatch(name)
        if not known or len(node.args) != 1:
            raise ValueError(f"{name} is called")
        inner: ast.AST = self.visit(node.args[0])
        return inner

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        keys = [ast.unparse(key) for key in node.keys if key]
        if repeated := next((key for key in keys if keys.count(key) > 1), None):
            raise ValueError(f"{repeated} stands more than once")
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return _named(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        return _named(node)


def _named(node: ast.expr) -> ast.AST:
    name = ast.unparse(node)
    if name not in _NAMES:
        raise ValueError(f"{name} is no value")
    return ast.copy_location(ast.Constant(_NAMES[name]), node)
