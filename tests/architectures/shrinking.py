"""Any causal architecture of transformers as a random model of some ten thousand parameters, in a folder like others.

Sizes are found by their names in the configuration. Windows, chunks and top-k are 8 tokens or so, and experts 4:
what acts on long texts of a real model acts on the short texts of a test.
"""

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedConfig, PreTrainedModel
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from seal.model.tiny import Tiny

NOT_BUILT = frozenset(
    "blt cohere_compass_text emu3 fuyu gemma3 gemma3n gemma4 gemma4_assistant gemma4_unified gemma4_unified_assistant "
    "git got_ocr2 llama4 mllama moss_transcribe_diarize musicgen musicgen_melody phi4_multimodal qwen3_5 qwen3_5_moe "
    "qwen4_exp qwen4_exp_text roc_bert zamba2".split()
)
"""Architectures with parts for pictures or sound, or that ask for more than sizes."""
BUILT = tuple(name for name in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES if name not in NOT_BUILT)
"""All others, as `model_type` in a config.json."""
MOST_PARAMETERS = 5_000_000
_END, _PADDING = 1, 0
_SIZES: dict[int | float, str] = {
    _PADDING: "pad_token_id mem_len",
    _END: "eos_token_id forced_eos_token_id n_group topk_group num_expert_group zero_expert_num n_groups "
    "mamba_n_groups mamba_ngroups n_shared_experts num_shared_experts moe_num_shared_experts first_k_dense_replace "
    "num_dense_layers moe_layer_start_index",
    2: "bos_token_id decoder_start_token_id num_key_value_heads num_kv_heads kv_n_heads swa_num_key_value_heads "
    "num_experts_per_tok num_experts_per_token moe_topk moe_k moe_top_k linear_num_key_heads",
    4: "num_attention_heads n_head n_heads num_heads attention_heads decoder_attention_heads encoder_attention_heads "
    "swa_num_attention_heads num_experts num_local_experts n_routed_experts moe_num_experts linear_num_value_heads "
    "rotary_dim d_rel linear_num_heads mamba_dt_rank time_step_rank",
    8: "head_dim dim_head d_head kv_channels global_head_dim swa_head_dim swa_v_head_dim v_head_dim qk_rope_head_dim "
    "qk_nope_head_dim linear_key_head_dim linear_value_head_dim mamba_d_head mamba_n_heads mamba_d_state "
    "linear_head_dim mamba_num_heads mamba_head_dim mamba_headdim ssm_state_size state_size n_mamba_heads "
    "hidden_size_per_layer_input "
    "sliding_window window_size local_attention attention_window_size sliding_window_size attention_chunk_size "
    "mamba_chunk_size chunk_size block_size keep_window_size index_topk",
    16: "moe_intermediate_size shared_expert_intermediate_size moe_shared_expert_intermediate_size "
    "shared_intermediate_size expert_ffn_hidden_size q_lora_rank kv_lora_rank qk_head_dim attention_head_dim "
    "index_n_heads index_head_dim rel_extent",
    32: "hidden_size n_embd d_model emb_dim embedding_size embedding_dim lru_width attention_hidden_size",
    48: "intermediate_size n_inner ffn_dim ffn_hidden_size d_inner dim_ff dff decoder_ffn_dim encoder_ffn_dim "
    "dense_intermediate_size intermediate_size_mlp mlp_hidden_size",
    64: "mamba_d_ssm",
    512: "max_position_embeddings n_positions n_ctx max_seq_len model_max_length context_length max_target_positions",
    128: "vocab_size",
    0.2: "initializer_range init_std embed_init_std",
}
_BY_NAME = {name: size for size, names in _SIZES.items() for name in names.split()}
_LAYERS = "num_hidden_layers n_layer n_layers num_layers decoder_layers encoder_layers num_blocks".split()
_ROPE = {"rope_type": "default", "rope_theta": 1e4}
_FULL_BEHIND = {"num_hidden_layers": 2, "layer_types": ["linear_attention", "full_attention"]}
_SLIDING = ["sliding_attention", "full_attention"]
_EXPERTS: dict[str, Any] = {"n_routed_experts": 4, "n_shared_experts": 1, "num_experts_per_tok": 2}
_SHARED_BLOCKS = {"num_hidden_layers": 4, "layers_block_type": ["linear_attention", "hybrid"] * 2}
_OF_ITS_OWN: dict[str, dict[str, Any]] = {
    "bamba": {"attn_layer_indices": [1]},
    "cohere_compass_text": {"layer_types": _SLIDING, "rope_parameters": dict.fromkeys(_SLIDING, _ROPE)},
    "dbrx": {
        "attn_config": {"kv_n_heads": 2, "rope_theta": 1e4, "clip_qkv": 8},
        "ffn_config": {"hidden_size": 32, "ffn_hidden_size": 16, "moe_num_experts": 4, "moe_top_k": 2},
    },
    "deepseek_v2": {"num_experts_per_tok": 2, "first_k_dense_replace": 1},
    "dots1": {**_EXPERTS, "first_k_dense_replace": 1},
    "gemma3n_text": {
        "num_hidden_layers": 4,
        "layer_types": _SLIDING * 2,
        "num_kv_shared_layers": 2,
        "laurel_rank": 4,
        "activation_sparsity_pattern": None,
        "intermediate_size": 48,
        "vocab_size_per_layer_input": 128,
    },
    "granitemoehybrid": _FULL_BEHIND,
    "hunyuan_v1_dense": {"head_dim": 8},
    "hunyuan_v1_moe": {"head_dim": 8},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1, "num_hidden_layers": 4},
    "lfm2": {"num_hidden_layers": 2, "layer_types": ["conv", "full_attention"], "full_attn_idxs": None},
    "lfm2_moe": {"num_hidden_layers": 2, "layer_types": ["conv", "full_attention"], "num_dense_layers": 1},
    "mamba2": {"num_heads": 8, "head_dim": 8},
    "ministral": {"head_dim": 8, "layer_types": _SLIDING},
    "nemotron": {"num_key_value_heads": 2},
    "reformer": {
        "axial_pos_shape": [16, 32],
        "axial_pos_embds_dim": [16, 16],
        "attention_head_size": 8,
        "feed_forward_size": 48,
        "local_attn_chunk_length": 8,
        "lsh_attn_chunk_length": 8,
        "attn_layers": ["local", "lsh"],
        "num_hidden_layers": 2,
    },
    "xlstm": {"hidden_size": 128, "embedding_dim": 128},
    "xmod": {"default_language": "en_XX"},
    "zamba": {**_SHARED_BLOCKS, "attention_hidden_size": 64},
    "zamba2": _SHARED_BLOCKS,
    "zaya": {"num_experts_per_tok": 1},
}


def small_config(name: str, **settings: object) -> PreTrainedConfig:
    """The configuration of an architecture, with one layer of each of its kinds and two at least."""
    kind = CONFIG_MAPPING[name]
    usual = kind().to_dict()
    shrunk: dict[str, Any] = {
        key: size for key, size in _BY_NAME.items() if isinstance(usual.get(key), int | float | list)
    }
    n_layers = next((usual[key] for key in _LAYERS if isinstance(usual.get(key), int)), 0)
    by_layer = {key: value for key, value in usual.items() if isinstance(value, list) and len(value) == n_layers > 1}
    kept = _first_of_each([tuple(map(str, of_layer)) for of_layer in zip(*by_layer.values(), strict=True)])
    kept = kept if len(kept) > 1 else [0, 1]
    shrunk |= {key: [value[layer] for layer in kept] for key, value in by_layer.items()}
    shrunk |= {key: len(kept) for key in _LAYERS if isinstance(usual.get(key), int)}
    if "kv_lora_rank" in usual:
        shrunk |= {key: 4 for key in ("num_key_value_heads",) if key in usual}
    if "is_decoder" in usual:
        shrunk["is_decoder"] = True
    return kind(**(shrunk | _OF_ITS_OWN.get(name, {}) | settings))


def _first_of_each(kinds: list[tuple[str, ...]]) -> list[int]:
    """Where each kind of layer comes first; of many kinds the first four."""
    return sorted({kind: number for number, kind in reversed(list(enumerate(kinds)))}.values())[:4]


def small_model(name: str, **settings: object) -> PreTrainedModel:
    """A random model of this architecture.

    Raises:
        ValueError: it has parts that the names of sizes do not reach, such as an encoder of pictures.
    """
    config = small_config(name, **settings)
    with torch.device("meta"):
        n_parameters = sum(each.numel() for each in AutoModelForCausalLM.from_config(config).parameters())
    if n_parameters > MOST_PARAMETERS:
        raise ValueError(f"still {n_parameters:,} parameters when small")
    torch.manual_seed(0)
    model: PreTrainedModel = AutoModelForCausalLM.from_config(config)
    return model.eval()


def small_folder(folder: Path, name: str, **settings: object) -> Path:
    """The same as a folder, with the shipped model's tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(Tiny().path)
    model = small_model(name, **({"vocab_size": len(tokenizer)} | settings))
    model.generation_config.eos_token_id = _END
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
