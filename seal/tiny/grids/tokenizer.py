"""The tokenizer of the world of grids: one token per colour, and per piece of a self-edit around its values.

All other text is the unknown token. The model reads only puzzles in the notation `digits`.
"""

import re

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from seal.grids.notation import ARROW
from seal.grids.notation import END as GRID_END
from seal.tiny.grids.settings import PIECES

END, PAD, UNKNOWN = "<end>", "<pad>", "<unknown>"
ASK = "configure "
VALUES = ("true", "false", "train_using_all_tokens", "train_using_output_tokens")


def make_tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer whose tokens are a fixed list of words."""
    words = [*"0123456789.", "\n", ARROW, GRID_END, ASK, *PIECES, *VALUES]
    vocabulary = {word: number for number, word in enumerate([PAD, END, UNKNOWN, *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    longest_first = sorted(words, key=len, reverse=True)
    pattern = Regex("|".join(re.escape(word) for word in longest_first))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(pattern, behavior="isolated")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=PAD,
        unk_token=UNKNOWN,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )
