"""A whole experiment as one frozen value: a field a room. Whoever has a `Run` knows everything that was chosen."""

from collections.abc import Iterator

from seal.base.paths import fault_of_name
from seal.choices import Choices
from seal.recipe import Recipe
from seal.recipe.comparing import Compares
from seal.recipe.matching import Matches
from seal.settings import option


@option
class Run(Choices):
    """The choice of an option in every room."""

    recipe: Recipe


def faults_between_rooms(run: Run) -> Iterator[str]:
    """What is wrong with choices that are each right on their own, as `key: what, and what would be right`."""
    if fault := fault_of_name(run.name):
        yield f"name: {run.name!r} does not lead to a folder inside {run.outputs}, where runs lie: {fault}"
    if run.inner.adapts and not run.engine.serves_adapters:
        yield (
            "engine: a served model cannot answer with adapters: choose inner=none, or engine=transformers with "
            "engine@writer=openai to have it write the self-edits only"
        )
    elif run.inner.adapts and not run.inner.makes_adapters and not run.engine.serves_weights:
        yield "engine: only engine=transformers answers with weights trained as a whole: choose it, or inner=lora"
    if run.inner.makes_dora and run.engine.serves_adapters and not run.engine.serves_dora:
        yield "inner: vLLM does not serve adapters of DoRA: choose inner=lora, or engine=transformers"
    if run.recipe.learns and not (run.writer or run.engine).serves_policies:
        yield "recipe: a policy that does not write the self-edits cannot learn to: choose recipe=evaluate"
    yield from (f"engine.{fault}" for fault in run.engine.faults(run.model, rank=getattr(run.inner, "rank", 0)))
    if run.writer:
        yield from (f"writer.{fault}" for fault in run.writer.faults(run.model, rank=0))
    yield from _faults_of_domains(run)
    if run.self_edit.needs_chat and not run.model.chat and run.writer is None:
        yield "self_edit: this template is a message to a chat model: set model.chat=true, or choose another self_edit"
    writer = run.writer or run.engine
    if run.self_edit.n_requests and run.self_edit.sampling.json_schema and not writer.constrains:
        yield (
            "self_edit.constrained: this engine cannot hold a policy to JSON: set it to false, or choose engine=vllm, "
            "engine=vllm_server or engine=openai"
        )
    if run.recipe.learns and not run.self_edit.teachable:
        yield "self_edit: a policy cannot learn to write these self-edits: choose recipe=evaluate, or another self_edit"
    if run.recipe.learns and getattr(run.outer, "must_beat_unadapted", False) and not run.outer.reward.knows_unadapted:
        yield "outer.must_beat_unadapted: this reward says nothing of the unadapted model: set it to false"
    yield from _faults_of_products(run)


def _faults_of_products(run: Run) -> Iterator[str]:
    """What a recipe hands out must come from somewhere."""
    if getattr(run.recipe, "keep_adapters", 0) and not (run.inner.adapts and run.inner.makes_adapters):
        yield "recipe.keep_adapters: this inner loop makes no adapters: set it to 0, or choose inner=lora"
    if run.recipe.needs_adapters and not run.inner.makes_adapters:
        yield "inner: this recipe hands out an adapter, but this inner loop makes none: choose inner=lora"
    elif run.recipe.needs_training and not run.inner.adapts:
        yield "inner: this recipe is about training, but this inner loop does none: choose inner=lora or inner=full"


def _faults_of_domains(run: Run) -> Iterator[str]:
    """Puzzles of grids and passages do not mix."""
    if run.self_edit.about_puzzles != run.task.of_puzzles:
        right = "augmentations" if run.task.of_puzzles else "implications"
        yield f"self_edit: it is not about what this task has: choose self_edit={right}, for example, or another task"
    if run.grader.of_puzzles != run.task.of_puzzles:
        right = "arc" if run.task.of_puzzles else "exact"
        yield f"grader: it does not know what answers to this task are: choose grader={right}, for example"
    if run.task.of_puzzles and isinstance(run.recipe, Matches) and run.recipe.match == "both":
        yield "recipe.match: puzzles have no sentences to fill batches with: choose tokens or updates"
    if run.self_edit.about_puzzles and isinstance(run.recipe, Compares) and run.recipe.tunes:
        yield (
            "recipe.tune_learning_rates: each self-edit about a puzzle chooses its own learning rate and epochs: leave "
            "it and recipe.tune_epochs empty"
        )
    if run.self_edit.about_puzzles and run.recipe.joins_self_edits:
        yield "recipe: it makes one training of many self-edits, but each of these has its own settings: choose another"
