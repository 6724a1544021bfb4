"""The models that are measured: the shipped one, and random ones of real shapes."""

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, Qwen2Config

from seal.model.hugging_face import HuggingFace
from seal.model.tiny import Tiny

SHAPES = {
    "qwen2_27m": dict(hidden_size=512, intermediate_size=1408, num_hidden_layers=8, vocab_size=8192),
    "qwen2_100m": dict(hidden_size=768, intermediate_size=2048, num_hidden_layers=13, vocab_size=16384),
    "qwen2_5_0_5b": dict(hidden_size=896, intermediate_size=4864, num_hidden_layers=24, vocab_size=151936),
    "qwen2_5_7b": dict(hidden_size=3584, intermediate_size=18944, num_hidden_layers=28, vocab_size=152064),
}
HEADS = {"qwen2_27m": (8, 2), "qwen2_100m": (12, 4), "qwen2_5_0_5b": (14, 2), "qwen2_5_7b": (28, 4)}


def model(name: str, folder: Path, *, device: str = "auto", dtype: str | None = None) -> HuggingFace | Tiny:
    """A model by name; random ones are made in the folder, with the shipped tokenizer."""
    on_gpu = torch.cuda.is_available() and device != "cpu"
    dtype = dtype or ("bfloat16" if on_gpu and name != "tiny" else "float32")
    if name == "tiny":
        return Tiny(device=device, dtype=dtype)  # type: ignore[arg-type]
    if not (folder / "config.json").exists():
        _make(name, folder, dtype)
    return HuggingFace(path=str(folder), dtype=dtype, device=device)  # type: ignore[arg-type]


def _make(name: str, folder: Path, dtype: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(Tiny().path)
    heads, kv_heads = HEADS[name]
    torch.manual_seed(0)
    config = Qwen2Config(
        **SHAPES[name],
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        max_position_embeddings=4096,
        tie_word_embeddings=name != "qwen2_5_7b",
        eos_token_id=tokenizer.eos_token_id,
    )
    network = AutoModelForCausalLM.from_config(config, dtype=getattr(torch, dtype))
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
