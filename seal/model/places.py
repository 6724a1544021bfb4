"""What lies where a model folder is expected, and what to do about it: a GGUF file, an adapter, one file of a model."""

from pathlib import Path

from seal.base.json_text import parsed

CONFIG, ADAPTER_CONFIG = "config.json", "adapter_config.json"
_GGUF, _MAGIC = ".gguf", b"GGUF"


def is_gguf(path: Path) -> bool:
    """Whether a file is of llama.cpp, by its first bytes; by its name where there is none."""
    if not path.is_file():
        return path.suffix.lower() == _GGUF
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def fault_of_place(path: Path) -> str | None:
    """Why a path is no model folder of Hugging Face, and the way out; None if it may be one."""
    if path.is_file() and is_gguf(path):
        return _gguf(path)
    if path.is_file():
        return f"{path} is a file: name the folder that holds it, with {CONFIG}, weights as safetensors and a tokenizer"
    if not path.is_dir():
        return f"there is no folder {path}"
    if (path / ADAPTER_CONFIG).is_file():
        return _adapter(path)
    return None if (path / CONFIG).is_file() else _without_config(path)


def _without_config(folder: Path) -> str:
    if ggufs := sorted(file for file in folder.iterdir() if file.suffix.lower() == _GGUF):
        return _gguf(ggufs[0])
    below = sorted(file.parent for file in folder.glob(f"*/{CONFIG}"))
    where = f"; {below[0]} has one" if below else ""
    if _GGUF[1:] in str(folder).lower():
        where = "; if it has GGUF files only, take the repository that they were made from"
    return f"{folder} is no model folder of Hugging Face: it has no {CONFIG}{where}"


def _gguf(file: Path) -> str:
    return (
        f"{file} is a GGUF file of llama.cpp, which cannot be trained: convert it to a folder once, with "
        f"AutoModelForCausalLM.from_pretrained({str(file.parent)!r}, gguf_file={file.name!r}); docs/models.md, 'A GGUF "
        "file', has all the lines"
    )


def _adapter(folder: Path) -> str:
    if (folder / CONFIG).is_file():
        return (
            f"{folder} has an adapter ({ADAPTER_CONFIG}) beside {CONFIG}, so it is not clear which model is meant. "
            f"Move {ADAPTER_CONFIG} and adapter_model.safetensors to a folder of their own: then this is the model "
            "alone. For both, save PeftModel.from_pretrained(MODEL, ADAPTER_FOLDER).merge_and_unload()"
        )
    return (
        f"{folder} is an adapter and no model: set model.path to its base model, {_base_of(folder / ADAPTER_CONFIG)}; "
        f"or save AutoPeftModelForCausalLM.from_pretrained({str(folder)!r}).merge_and_unload(), one model of both, "
        "with the tokenizer"
    )


def _base_of(file: Path) -> str:
    """What an adapter says that it goes beside."""
    try:
        found = parsed(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "which its configuration does not name"
    base = found.get("base_model_name_or_path") if isinstance(found, dict) else None
    return str(base)[:200] if base else "which its configuration does not name"
