"""Writing, answering and training on a model folder, against transformers and PEFT: `make bench-real MODEL=…`.

Each pair does the same work in one process, in alternating order, several times: what is reported is the median of the
ratios of the pairs, with the smallest and the largest. Time is CPU time of the process on a CPU, which other programs
disturb less, and that of the clock on a GPU. `floor_s` is the time of the bare matrix products, those of the prompts
and of each new token: no way of writing that multiplies all of them by the weights is faster.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from torch import nn
from torch.nn.functional import linear

from seal.engine import Request
from seal.engine.batched_generation import BatchedGenerator
from seal.inner.lora import LoRA
from seal.model.hugging_face import HuggingFace
from seal.nn.backbone import Backbone, load
from seal.types import ALL_LINEAR, Plan, Sampling, TrainingSequence
from tests.bench.measured import finish

TEXT = """The mayor of Kelham opened the new flour mill on a wet morning in spring and said that nobody would have to
carry grain over the hill again. A hundred people came, most of them farmers, and the miller showed each of them how the
stones are set for coarse and for fine flour. In the evening there was music by the river, and the first loaves from the
new flour were given away. The council had argued for three years about the money; in the end the harbour paid half of
it, because the ships take the flour to the islands. The old mill will become a school for carpenters.
"""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is written at once."""

    name: str
    n_prompt: int
    """Tokens of the longest prompt; the shortest has two thirds of it."""
    n_new: int
    temperature: float


ANSWERING = Job(name="answering, greedy", n_prompt=40, n_new=24, temperature=0.0)
JOBS = (
    ANSWERING,
    Job(name="writing, greedy", n_prompt=120, n_new=32, temperature=0.0),
    Job(name="writing, sampled", n_prompt=120, n_new=32, temperature=1.0),
)


def prompts(backbone: Backbone, job: Job, count: int) -> list[str]:
    """Texts of different lengths."""
    ids = backbone.tokenizer(TEXT * 4)["input_ids"]
    lengths = [job.n_prompt - number * (job.n_prompt // 3) // max(1, count - 1) for number in range(count)]
    return [backbone.tokenizer.decode(ids[number : number + n]) for number, n in enumerate(lengths)]


def by_transformers(backbone: Backbone, job: Job, texts: Sequence[str]) -> None:
    """`generate`, as its documentation has it for a batch."""
    tokenizer = backbone.tokenizer
    tokenizer.padding_side = "left"
    given = tokenizer(list(texts), return_tensors="pt", padding=len(texts) > 1).to(backbone.device)
    warm = dict(do_sample=True, temperature=job.temperature, top_p=0.95, top_k=0)
    settings = warm if job.temperature else dict(do_sample=False)
    output = backbone.model.generate(  # type: ignore[operator]
        **given, **settings, max_new_tokens=job.n_new, pad_token_id=backbone.pad_id
    )
    tokenizer.batch_decode(output[:, given["input_ids"].shape[1] :])


def by_seal(backbone: Backbone, job: Job, texts: Sequence[str]) -> None:
    top_p = 0.95 if job.temperature else 1.0
    sampling = Sampling(temperature=job.temperature, top_p=top_p, max_new_tokens=job.n_new)
    requests = [Request(prompt=text, seed=seed) for seed, text in enumerate(texts)]
    BatchedGenerator(backbone).generate(requests, sampling)


def seconds(backbone: Backbone, work: Callable[[], object]) -> float:
    """Of the processors that the work took; on a GPU, of the clock."""
    clock = time.perf_counter if backbone.device.type == "cuda" else time.process_time
    began_s = clock()
    work()
    finish(backbone)
    return clock() - began_s


def compared(
    backbone: Backbone, ours: Callable[[], object], theirs: Callable[[], object], times: int
) -> dict[str, Any]:
    """Median seconds of both, and the ratio with its spread; who begins alternates."""
    pairs = []
    for number in range(times):
        order = (ours, theirs) if number % 2 else (theirs, ours)
        taken = {work: seconds(backbone, work) for work in order}
        pairs.append((taken[ours], taken[theirs]))
    ratios = [other / own for own, other in pairs]
    return {
        "seal_s": median(own for own, _ in pairs),
        "other_s": median(other for _, other in pairs),
        "ratio": median(ratios),
        "smallest": min(ratios),
        "largest": max(ratios),
    }


def floor_s(backbone: Backbone, texts: Sequence[str], n_new: int) -> float:
    """Seconds of the matrix products of writing so many tokens to these prompts, without anything between them."""
    n_read = sum(map(len, backbone.tokenizer(list(texts))["input_ids"]))
    head = backbone.model.get_output_embeddings()
    linears = [layer for layer in backbone.model.modules() if isinstance(layer, nn.Linear)]
    inner = [layer for layer in linears if layer is not head]
    return products_s(backbone, inner, n_read, times=1) + n_new * products_s(backbone, linears, len(texts), times=5)


@torch.no_grad()
def products_s(backbone: Backbone, layers: Sequence[nn.Linear], n_rows: int, *, times: int) -> float:
    rows = {n: layers[0].weight.new_ones(n_rows, n) for n in {layer.in_features for layer in layers}}
    once = lambda: [linear(rows[layer.in_features], layer.weight) for layer in layers]  # noqa: E731
    return median(seconds(backbone, once) for _ in range(times))


def plans(backbone: Backbone, *, n_edits: int, n_sequences: int) -> list[Plan]:
    """Self-edits of sequences of 20 to 60 tokens."""
    ids = backbone.tokenizer(TEXT * 8)["input_ids"]
    return [
        Plan(
            sequences=tuple(
                TrainingSequence(text=backbone.tokenizer.decode(ids[edit + each : edit + 5 * each % 40 + each + 20]))
                for each in range(n_sequences)
            )
        )
        for edit in range(n_edits)
    ]


def trained_by_seal(backbone: Backbone, settings: LoRA, asked: Sequence[Plan]) -> None:
    settings.adapt(backbone, asked, list(range(len(asked))))


def trained_by_peft(backbone: Backbone, settings: LoRA, asked: Sequence[Plan]) -> None:
    """A plain loop over the same sequences, one adapter after the other."""
    targets = ALL_LINEAR if ALL_LINEAR in settings.targets else list(settings.targets)
    for plan in asked:
        lora = LoraConfig(r=settings.rank, lora_alpha=settings.rank, target_modules=targets, task_type="CAUSAL_LM")
        network = get_peft_model(backbone.model, lora)
        weights = [weight for weight in network.parameters() if weight.requires_grad]
        optimizer = torch.optim.AdamW(weights, lr=1e-4, weight_decay=0.0, fused=True)
        for sequence in plan.sequences:
            tokens = settings.tokens(backbone.tokenizer, sequence, chat=None)
            ids = torch.tensor([tokens.ids], device=backbone.device)
            network(input_ids=ids, labels=ids).loss.backward()
            nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            optimizer.zero_grad()
        network.unload()


def rows_of_writing(
    backbone: Backbone, jobs: Sequence[Job], batches: Sequence[int], times: int
) -> Iterator[dict[str, Any]]:
    """What is written down of each kind of writing, for so many texts at once."""
    for count in batches:
        for job in jobs:
            texts = prompts(backbone, job, count)
            ours, theirs = (
                lambda way=way, job=job, texts=texts: way(backbone, job, texts) for way in (by_seal, by_transformers)
            )
            found = compared(backbone, ours, theirs, times)
            yield {"what": job.name, "texts": count, **found, "floor_s": floor_s(backbone, texts, job.n_new)}


def row_of_training(backbone: Backbone, *, slots: int, times: int) -> dict[str, Any]:
    settings = LoRA(rank=16, alpha=16, epochs=1, batch_size=1, learning_rate=1e-4, parallel=slots)
    asked = plans(backbone, n_edits=slots, n_sequences=4)
    ours, theirs = (lambda way=way: way(backbone, settings, asked) for way in (trained_by_seal, trained_by_peft))
    return {"what": "training", "texts": slots, **compared(backbone, ours, theirs, times)}


def shown(row: dict[str, Any]) -> str:
    floor = f", bare products {row['floor_s']:.1f} s" if "floor_s" in row else ""
    spread = f"{row['smallest']:.2f} to {row['largest']:.2f}"
    taken = f"{row['seal_s']:.1f} s against {row['other_s']:.1f} s"
    return f"{row['what']}, {row['texts']} at once: {row['ratio']:.2f} × as fast ({spread}), {taken}{floor}"


def talkative(backbone: Backbone) -> Backbone:
    """Nothing ends a text but its limit: both ways then write the same number of tokens."""
    backbone.model.generation_config.eos_token_id = None
    return replace(backbone, end_ids=frozenset())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="a model's folder")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--batches", type=int, nargs="*", default=[1, 8, 16])
    parser.add_argument("--slots", type=int, nargs="*", default=[4])
    parser.add_argument("--jobs", type=int, nargs="*", default=range(len(JOBS)), help="their numbers, from 0")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("outputs/bench/writing.json"))
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    backbone = talkative(load(HuggingFace(path=str(asked.model), dtype=asked.dtype)))
    by_seal(backbone, ANSWERING, prompts(backbone, ANSWERING, 2))  # what is done once
    found: list[dict[str, Any]] = []
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    training = (row_of_training(backbone, slots=slots, times=asked.times) for slots in asked.slots)
    for rows in (
        rows_of_writing(backbone, [JOBS[number] for number in asked.jobs], asked.batches, asked.times),
        training,
    ):
        for row in rows:
            found.append(row)
            print(shown(row), flush=True)
            asked.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
