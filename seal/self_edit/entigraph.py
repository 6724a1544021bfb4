"""EntiGraph (arXiv 2409.07431): the entities of a passage first, then texts about relations of pairs and triples.

A self-edit takes several turns, so it is stored as JSON, `{"entities": […], "texts": […]}`. If the entities were not
readable, it holds the model's last reply.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, islice
from random import Random
from typing import Annotated, ClassVar

from pydantic import AfterValidator, NonNegativeInt, PositiveInt

from seal.authorship import Author
from seal.base.json_text import parsed
from seal.base.seeds import derive
from seal.self_edit import Assignment, Continue, SelfEditFormat
from seal.self_edit.passage import passage_plan, titled_plan
from seal.settings import Rooms, option
from seal.text import fill, shows
from seal.types import Completion, Context, Invalid, Plan, Sampling, SelfEdit, Unavailable

_DECODER = json.JSONDecoder()
_MOST_TRIES = 100
"""Maximum number of places in a text where a list may start. A text with more brackets has no list of entities."""

ENTITIES_TEMPLATE = """\
Read the passage and name the people, places, organisations, things, events and ideas in it. Reply with a JSON list of
strings and nothing else, for example ["Marie Curie", "Paris", "radium"].

{title}
{passage}

JSON list:
"""
RELATIONS_TEMPLATE = """\
Read the passage. Then write a short text that explains, from the passage, how these are connected: {entities}.

{title}
{passage}

How they are connected:
"""


@option
class EntiGraph(SelfEditFormat):
    """Entities of the passage as JSON, then texts about pairs and triples of them (EntiGraph, arXiv 2409.07431)."""

    teachable: ClassVar[bool] = False

    entities_template: Annotated[str, AfterValidator(shows("passage", perhaps=("title",)))] = ENTITIES_TEMPLATE
    """The first prompt, with the placeholders `{title}` and `{passage}`. It must ask for a JSON list of strings.
    `@FILE` reads it from a file."""
    relations_template: Annotated[str, AfterValidator(shows("entities", perhaps=("title", "passage")))] = (
        RELATIONS_TEMPLATE
    )
    """The prompt for each text, with the placeholders `{title}`, `{passage}` and `{entities}`. `@FILE` reads it from a
    file."""
    max_entities_tokens: PositiveInt = 256
    """Maximum length of the list of entities."""
    entities_retries: NonNegativeInt = 2
    """Number of retries, with other seeds, if the reply is not a list."""
    pairs: NonNegativeInt = 5
    """Number of texts about pairs of entities, drawn without repetition (published: 5 per passage for pairs)."""
    triples: NonNegativeInt = 0
    """Number of texts about triples of entities (published: 10 per passage for pairs and triples together)."""
    append_passage: bool = True
    """If true, the passage itself is trained on too, as the last sequence."""
    max_new_tokens: PositiveInt = 512
    """Maximum length of each text."""

    def author(self, run: Rooms) -> Author:
        return replace(super().author(run), method="EntiGraph")

    @property
    def n_requests(self) -> int:
        return 1 + self.entities_retries + self.pairs + self.triples

    def prompt(self, context: Context) -> str:
        return fill(self.entities_template, title=context.title, passage=context.text)

    def write(self, assignments: Sequence[Assignment], go_on: Continue) -> list[Completion | Unavailable]:
        found = self._entities(assignments, go_on)
        asked = [
            (number, chosen)
            for number, assignment in enumerate(assignments)
            if isinstance(entities := found[number], list)
            for chosen in self._chosen(entities, assignment.seed)
        ]
        prompts = [
            (self._relation_prompt(assignments[number].context, chosen), derive(assignments[number].seed, *chosen))
            for number, chosen in asked
        ]
        texts: list[list[Completion | Unavailable]] = [[] for _ in assignments]
        for (number, _), text in zip(asked, go_on(prompts, self.sampling) if prompts else [], strict=True):
            texts[number].append(text)
        return [_self_edit(entities, written) for entities, written in zip(found, texts, strict=True)]

    def _entities(
        self, assignments: Sequence[Assignment], go_on: Continue
    ) -> list[list[str] | str | Completion | Unavailable]:
        """For each assignment: its entities, or the last reply that was not a list or failed, or why there was none."""
        found: list[list[str] | str | Completion | Unavailable] = ["" for _ in assignments]
        sampling = Sampling(temperature=self.temperature, top_p=self.top_p, max_new_tokens=self.max_entities_tokens)
        for attempt in range(1 + self.entities_retries):
            missing = [number for number, each in enumerate(found) if isinstance(each, str | Completion)]
            prompts = [
                (self.prompt(assignments[number].context), derive(assignments[number].seed, "entities", attempt))
                for number in missing
            ]
            for number, said in zip(missing, go_on(prompts, sampling) if prompts else [], strict=True):
                found[number] = said if isinstance(said, Unavailable) else _entities_in(said)
        return found

    def _chosen(self, entities: Sequence[str], seed: int) -> list[tuple[str, ...]]:
        """The pairs and triples to write about."""
        random = Random(derive(seed, "relations"))
        chosen: list[tuple[str, ...]] = []
        for size, count in ((2, self.pairs), (3, self.triples)):
            possible = list(combinations(entities, size))
            chosen += random.sample(possible, min(count, len(possible)))
        return chosen

    def _relation_prompt(self, context: Context, entities: Sequence[str]) -> str:
        named = ", ".join(entities)
        return fill(self.relations_template, title=context.title, passage=context.text, entities=named)

    def parse(self, context: Context, self_edit: SelfEdit) -> Plan | Invalid:
        try:
            said = parsed(self_edit.text)
        except ValueError:
            said = None
        written = said.get("texts") if isinstance(said, dict) else None
        if not isinstance(written, list) or not all(isinstance(text, str) for text in written):
            return Invalid(reason="the self-edit holds no texts about entities")
        texts = [text.strip() for text in written if text.strip()]
        if not texts and "said" in said:
            n_tries = 1 + self.entities_retries
            return Invalid(reason=f"no list of entities in {n_tries} tries, but '{str(said['said'])[:80]}'")
        return titled_plan(context, texts, append_passage=self.append_passage)

    def unedited(self, context: Context) -> Plan:
        return passage_plan(context)


def read_entities(text: str) -> list[str]:
    """The first JSON list of at least two different strings in a text, also in a code fence; empty if there is none."""
    for start in islice((match.start() for match in re.finditer(r"\[\s*\"", text)), _MOST_TRIES):
        try:
            found, _ = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if all(isinstance(each, str) for each in found):
            entities = list(dict.fromkeys(each.strip() for each in found if each.strip()))
            if len(entities) >= 2:
                return entities
    return []


def _entities_in(said: Completion) -> list[str] | str | Completion:
    """The entities of a reply; what it says instead of them; or the reply itself, where it is a failure."""
    return said if said.failure else read_entities(said.text) or said.text


def _self_edit(
    entities: list[str] | str | Completion | Unavailable, texts: Sequence[Completion | Unavailable]
) -> Completion | Unavailable:
    """All turns that did not fail, as one text. If all failed, this is a failure too."""
    silent = [each for each in (entities, *texts) if isinstance(each, Unavailable)]
    if silent:
        return silent[0]
    if isinstance(entities, Completion):
        return entities
    if isinstance(entities, str):
        return Completion(text=json.dumps({"said": entities, "texts": []}, ensure_ascii=False), finished=True)
    written = [each for each in texts if isinstance(each, Completion) and not each.failure]
    failed = [each for each in texts if isinstance(each, Completion) and each.failure]
    if failed and not written:
        return failed[0]
    content = {"entities": entities, "texts": [each.text for each in written]}
    return Completion(text=json.dumps(content, ensure_ascii=False), finished=all(each.finished for each in written))
