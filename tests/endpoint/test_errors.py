"""The words of an error, wherever a server puts them."""

import json

import pytest

from seal.endpoint.errors import said_in


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (json.dumps({"error": {"message": "no such model", "type": "x", "param": None}}), "no such model"),
        (json.dumps({"error": "no such model"}), "no such model"),
        (json.dumps({"detail": "no such model"}), "no such model"),
        (json.dumps({"object": "error", "message": "no such model"}), "no such model"),
        (json.dumps([{"error": {"message": "no such model"}}]), "no such model"),
        (json.dumps({"detail": [{"loc": ["body", "seed"], "msg": "not permitted"}]}), "body.seed: not permitted"),
        (json.dumps({"status": "down"}), '{"status": "down"}'),
        ("<html><head><title>502\nBad Gateway</title></head><body>nginx</body></html>", "502 Bad Gateway"),
        ("<p>Not <b>here</b></p>", "Not here"),
        ("plain words", "plain words"),
        ("", ""),
    ],
)
def test_an_error_is_told_in_a_line(body: str, said: str) -> None:
    assert said_in(body) == said


def test_a_long_error_is_cut() -> None:
    assert len(said_in("word " * 1000)) < 400
