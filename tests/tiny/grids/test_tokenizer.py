"""Every puzzle and every self-edit has tokens, and comes back from them as it was."""

from random import Random

from seal.grids.notation import NOTATIONS
from seal.tiny.grids.documents import Library
from seal.tiny.grids.settings import draw
from seal.tiny.grids.tokenizer import ASK, make_tokenizer

TOKENIZER = make_tokenizer()


def test_what_is_read_in_pretraining_comes_back_as_it_was() -> None:
    library = Library(random=Random(0))
    for _ in range(50):
        for document in (library.moved_cells(), library.transformed(6, 64), library.configured()):
            text = "".join(piece.text for piece in document)
            ids = TOKENIZER(text)["input_ids"]
            assert TOKENIZER.unk_token_id not in ids
            assert TOKENIZER.decode(ids) == text


def test_a_self_edit_is_short() -> None:
    lengths = {len(TOKENIZER(draw(Random(seed)))["input_ids"]) for seed in range(200)}
    assert max(lengths) <= 22


def test_grids_are_written_as_the_notation_digits_does() -> None:
    document = Library(random=Random(0)).configured()
    lines = document[0].text.removesuffix(ASK)
    first = lines.split("#\n")[0].split(" -> ")
    written = NOTATIONS["digits"]
    assert [written.write(written.read(grid)) for grid in first] == first
