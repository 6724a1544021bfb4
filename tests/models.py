"""Small models of several makes, random or shipped, as ordinary model folders."""

import json
from pathlib import Path

import torch
from transformers import (
    AutoTokenizer,
    DeepseekV3Config,
    DeepseekV3ForCausalLM,
    FalconH1Config,
    FalconH1ForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MambaConfig,
    MambaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from seal.model.hugging_face import HuggingFace
from seal.model.tiny import Tiny
from seal.nn.backbone import Backbone, load

CHAT_TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def tiny_backbone() -> Backbone:
    return load(Tiny(dtype="float32", device="cpu"))


def random_folder(folder: Path, make: str, *, chat_template: str | None = None, context: int = 2048) -> Path:
    """A random model of about 50 thousand parameters with the shipped tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(Tiny().path)
    tokenizer.chat_template = chat_template
    torch.manual_seed(0)
    shape = dict(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=context,
        eos_token_id=tokenizer.eos_token_id,
        initializer_range=0.3,
    )
    network: PreTrainedModel
    if make == "gpt2":
        size = dict(n_embd=16, n_inner=24, n_layer=2, n_head=2, n_positions=context)
        ids = dict(vocab_size=len(tokenizer), bos_token_id=None, eos_token_id=tokenizer.eos_token_id)
        network = GPT2LMHeadModel(GPT2Config(**size, **ids, initializer_range=0.3))
    elif make == "mamba":
        network = MambaForCausalLM(
            MambaConfig(vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=2, state_size=4, eos_token_id=1)
        )
    elif make == "falcon_h1":
        mixer = dict(mamba_d_ssm=16, mamba_n_heads=2, mamba_d_head=8, mamba_d_state=8, mamba_n_groups=1)
        network = FalconH1ForCausalLM(FalconH1Config(**shape, **mixer))
    elif make == "deepseek_v3":
        widths = dict(q_lora_rank=8, kv_lora_rank=8, qk_rope_head_dim=8, qk_nope_head_dim=8, v_head_dim=8)
        experts = dict(n_routed_experts=4, num_experts_per_tok=2, n_group=1, topk_group=1, moe_intermediate_size=16)
        config = DeepseekV3Config(**(shape | dict(num_key_value_heads=2)), **widths, **experts, first_k_dense_replace=1)
        network = DeepseekV3ForCausalLM(config)
    elif make == "mistral":
        network = MistralForCausalLM(MistralConfig(**shape, sliding_window=5))
    elif make == "llama":
        network = LlamaForCausalLM(LlamaConfig(**shape, tie_word_embeddings=True))
    else:
        network = Qwen2ForCausalLM(Qwen2Config(**shape, tie_word_embeddings=False))
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def random_backbone(folder: Path, make: str, dtype: str = "float64") -> Backbone:
    attention = "eager" if make == "mamba" else "sdpa"
    path = str(random_folder(folder, make))
    return load(HuggingFace(path=path, dtype=dtype, device="cpu", attention=attention))  # type: ignore[arg-type]


def mute_folder(folder: Path) -> Path:
    """A model that ends every text at once: all logits are equal, and the first token is the end."""
    random_folder(folder, "llama")
    network, tokenizer = LlamaForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    network.model.norm.weight.data.zero_()
    tokenizer.eos_token = tokenizer.convert_ids_to_tokens(0)
    network.config.eos_token_id = network.generation_config.eos_token_id = 0
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def set_config(folder: Path, *, name: str = "config.json", **values: object) -> None:
    """Change values in a JSON file of a model's folder; makes the file where there is none."""
    file = folder / name
    before = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps(before | values))
