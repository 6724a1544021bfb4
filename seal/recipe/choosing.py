"""Chooses among models that were trained in different ways, by questions that no table then counts.

A best of several is better on the questions that chose it than on others. So half of the questions choose, and the
other half measures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from seal.base.seeds import derive
from seal.recipe.consolidation import Corpus
from seal.recipe.corpora import MATCHED, Examined
from seal.stats.results import LONGER
from seal.stats.statistics import comparable
from seal.types import Context, Evaluation, Failure, Plan, TrainingSequence

SELF_EDITS, PASSAGES = "self_edits_round_0", "passage_only"
"""Rows of ways to train."""
FEWEST = 8
"""Questions that there must be, so that half of them can choose."""
MOST_WATCHED = 8
"""Questions whose answers are watched during a training, at most."""

Half = Mapping[str, frozenset[int]]
"""By context: the places of the queries of one half."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A model that was trained and asked everything."""

    setting: str
    """Its row in the table."""
    corpus: Corpus
    examined: Examined
    of_passages: bool
    """True if it was trained on the passages alone."""
    matched_to: str | None = None
    """As in `Row`."""

    @property
    def is_usable(self) -> bool:
        return self.examined.training is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The best of some candidates."""

    best: Candidate
    scores: Mapping[str, float]
    """Accuracy of each on the questions that chose, by row."""
    n_questions: int

    def note(self) -> str:
        """What was chosen, by how much, for people."""
        if not self.scores:
            return "no question that chooses could be graded: adapted is the training on the fewest tokens"
        others = [f"{score:.3f} ({in_words(name)})" for name, score in self.scores.items() if name != self.best.setting]
        against = f", against {', '.join(others)}" if others else ""
        score = self.scores[self.best.setting]
        return (
            f"adapted is trained on {in_words(self.best.setting)}: right in {score:.3f} of the {self.n_questions} "
            f"questions that chose{against}. The table has the other questions only"
        )


def in_words(setting: str) -> str:
    """What a way of training trains on, for people."""
    longer = LONGER.fullmatch(setting)
    name, times = (longer["way"], f", {longer['times']} × as long") if longer else (setting, "")
    known = {SELF_EDITS: "self-edits and passages", PASSAGES: "the passages alone", MATCHED: "the passages alone"}
    return known.get(name, name) + times


def halves(contexts: Sequence[Context], seed: int) -> tuple[Half, Half]:
    """The gradable queries that choose, and those that measure: of each context half, drawn by a seed. Where a context
    has an odd number, the two take turns in getting one more. A question that stands twice is in one half."""
    choosing, measuring, gets_more = {}, {}, 0
    for context in Random(derive(seed, "choosing")).sample(contexts, len(contexts)):
        places = [place for place, query in enumerate(context.queries) if query.target]
        prompts = [*dict.fromkeys(context.queries[place].prompt for place in places)]
        Random(derive(seed, "choosing", context.id)).shuffle(prompts)
        n_choosing = (len(prompts) + gets_more) // 2
        gets_more ^= len(prompts) % 2
        chosen = {*prompts[:n_choosing]}
        choosing[context.id] = frozenset(place for place in places if context.queries[place].prompt in chosen)
        measuring[context.id] = frozenset(places) - choosing[context.id]
    return choosing, measuring


def all_of(contexts: Sequence[Context]) -> Half:
    """All queries, where nothing is chosen."""
    return {context.id: frozenset(range(len(context.queries))) for context in contexts}


def n_questions(contexts: Sequence[Context]) -> int:
    """Different questions with a known answer."""
    return len({(context.id, query.prompt) for context in contexts for query in context.queries if query.target})


def of_half(contexts: Sequence[Context], half: Half) -> list[Context]:
    """The contexts with the queries of one half; without those that have none."""
    some = (
        replace(context, queries=tuple(query for at, query in enumerate(context.queries) if at in half[context.id]))
        for context in contexts
    )
    return [context for context in some if context.queries]


def outcomes_of_half(
    contexts: Sequence[Context], outcomes: Sequence[Evaluation | Failure], half: Half
) -> list[Evaluation | Failure]:
    """The outcomes of all `contexts`, with the verdicts of one half; in the order of `of_half`."""
    return [
        _with_verdicts(outcome, half[context.id])
        for context, outcome in zip(contexts, outcomes, strict=True)
        if half[context.id]
    ]


def best_of(candidates: Sequence[Candidate], contexts: Sequence[Context], half: Half) -> Choice | None:
    """The candidate with the most right answers to the questions of a half; among equals the one that trained on the
    fewest tokens. None if no training succeeded.

    Only questions count on which each candidate has a verdict.
    """
    usable = [candidate for candidate in candidates if candidate.is_usable]
    if not usable:
        return None
    known = {each.setting: _scores(contexts, each.examined.outcomes, half) for each in usable}
    shared = set.intersection(*(set(scores) for scores in known.values()))
    scores = {
        setting: sum(of[place] for place in sorted(shared)) / len(shared) for setting, of in known.items() if shared
    }

    def worth(candidate: Candidate) -> tuple[float, int]:
        assert candidate.examined.training
        return comparable(scores.get(candidate.setting)), -candidate.examined.training.trained_tokens

    return Choice(best=max(usable, key=worth), scores=scores, n_questions=len(shared))


def watching(plan: Plan, contexts: Sequence[Context]) -> Plan:
    """The plan, which watches the answers to some of the questions: one of each context first, then a second one."""
    in_turn = [
        query
        for place in range(max((len(context.queries) for context in contexts), default=0))
        for context in contexts
        for query in context.queries[place : place + 1]
        if query.target
    ]
    texts = [
        TrainingSequence(
            text=f"{query.prompt} {query.target}", trained_from=len(query.prompt), reply_from=len(query.prompt)
        )
        for query in in_turn[:MOST_WATCHED]
    ]
    return replace(plan, watched=tuple(texts))


def _with_verdicts(outcome: Evaluation | Failure, places: frozenset[int]) -> Evaluation | Failure:
    if not isinstance(outcome, Evaluation):
        return outcome
    return replace(outcome, verdicts=tuple(one for place, one in enumerate(outcome.verdicts) if place in places))


def _scores(
    contexts: Sequence[Context], outcomes: Sequence[Evaluation | Failure], half: Half
) -> dict[tuple[str, int], float]:
    """The known scores of one half, by context and place."""
    return {
        (context.id, place): verdict.score
        for context, outcome in zip(contexts, outcomes, strict=True)
        if isinstance(outcome, Evaluation)
        for place, verdict in enumerate(outcome.verdicts)
        if place in half[context.id] and verdict.score is not None
    }
