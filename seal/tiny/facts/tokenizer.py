"""The tokenizer of the world of facts. Each word of the world is one token. Other text is tokenized too.

A word has the same token at the start of a line as inside it: each line gets a leading space before splitting, which
decoding removes. Other text falls back to pieces, letters and bytes.
"""

import json
from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

END = "<end>"
PAD = "<pad>"
_SPACE = "▁"
_MORE_PIECES_THAN_NEEDED = 10_000


def make_tokenizer(words: Iterable[str]) -> PreTrainedTokenizerFast:
    """A byte-fallback BPE tokenizer with one token for each of `words`.

    It learns merges until no pair is left, so the vocabulary is as large as the words need.
    """
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token=None))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Replace(Regex(r"(?<![^\n])(?=[^\n])"), _SPACE), normalizers.Replace(" ", _SPACE)]
    )
    words_or_signs = Regex(rf"\n|{_SPACE}?\p{{L}}+:?|{_SPACE}?\p{{N}}+|{_SPACE}?[^\s\p{{L}}\p{{N}}{_SPACE}]|{_SPACE}")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(words_or_signs, behavior="isolated")
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace(_SPACE, " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Replace("\n ", "\n"),
            decoders.Strip(" ", 1, 0),
        ]
    )
    byte_tokens = [f"<0x{byte:02X}>" for byte in range(256)]
    printable = [chr(code) for code in range(33, 127)]
    trainer = trainers.BpeTrainer(
        vocab_size=_MORE_PIECES_THAN_NEEDED,
        special_tokens=[PAD, END, *byte_tokens],
        initial_alphabet=[*printable, _SPACE, "\n"],
        show_progress=False,
    )
    tokenizer.train_from_iterator(sorted(set(words)), trainer=trainer)
    ordinary = _with_ordinary_bytes(tokenizer)
    return PreTrainedTokenizerFast(tokenizer_object=ordinary, eos_token=END, pad_token=PAD, padding_side="left")


def _with_ordinary_bytes(tokenizer: Tokenizer) -> Tokenizer:
    """The tokenizer with byte tokens as ordinary tokens, so that decoding does not skip them.

    They were special tokens only for training, to get the first ids.
    """
    made = json.loads(tokenizer.to_str())
    made["added_tokens"] = [token for token in made["added_tokens"] if token["content"] in (PAD, END)]
    return Tokenizer.from_str(json.dumps(made))
