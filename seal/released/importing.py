"""Turns a published file into the folder of a run, so that reports and comparisons can read it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from seal.authorship import Author
from seal.base.json_text import parsed, without_repeats
from seal.base.reading import read_text
from seal.errors import ConfigError, DataError, fault_of_text, listed
from seal.folder.results_file import write_results
from seal.folder.store import MANIFEST, Store
from seal.outer.reward.accuracy import Accuracy
from seal.released import faults_of
from seal.released.articles import Articles, read_articles
from seal.released.corpus import CorpusRun, read_corpus
from seal.released.forgetting import as_matrix, check_summary, pool, read_forgetting
from seal.stats.measurement import Measurement, adjusted, compare, of_attempts
from seal.stats.results import Outcome, Results, RoundSummary, summarize
from seal.types import Context, Evaluation, Failure, Policy, Query, Round, SelfEdit, Update
from seal.version import __version__

POLICY = Policy(round=0)


@dataclass(frozen=True, kw_only=True)
class Imported:
    """The contents of the run's folder."""

    contexts: tuple[Context, ...]
    self_edits: Mapping[str, SelfEdit]
    evaluations: Mapping[str, Evaluation]
    results: Results


@dataclass(frozen=True, kw_only=True)
class _Question:
    question: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class _Passage:
    title: str
    context: str
    questions: tuple[_Question, ...]


_PASSAGES: TypeAdapter[tuple[_Passage, ...]] = TypeAdapter(tuple[_Passage, ...])


def read_document(path: Path) -> Mapping[str, Any]:
    """The JSON object in a file.

    Raises:
        DataError: the file cannot be read, or is not a JSON object.
    """
    try:
        document = parsed(read_text(path), object_pairs_hook=without_repeats)
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {path}: {error}") from error
    if not isinstance(document, dict):
        raise DataError(f"{path} is not a published results file: it holds a {type(document).__name__}, not an object")
    return document


def read_published(path: Path, contexts_file: Path | None) -> Imported:
    """The run in a published results file.

    Raises:
        DataError: the format is unknown, something is missing, or the file contradicts itself.
    """
    document = read_document(path)
    if "articles" in document:
        return of_articles(read_articles(path, document))
    if "server_reply" in document:
        if contexts_file is None:
            raise DataError(f"{path} has answers without questions: name the file of its passages with --contexts FILE")
        return of_corpus(read_corpus(path, document, read_contexts(contexts_file)))
    raise DataError(
        f"{path} is not a results file that SEAL knows: it has neither articles (single passages) nor server_reply "
        f"(continued pretraining), but {', '.join(list(document)[:8])}"
    )


def read_contexts(path: Path) -> list[Context]:
    """Passages with their questions, in order, from a list of rows with title, context and questions.

    Raises:
        DataError: the file is not such a list.
    """
    from seal.task import context_id

    wrong = "not a list of rows with title, context and questions"
    try:
        rows = _PASSAGES.validate_python(parsed(read_text(path), object_pairs_hook=without_repeats))
    except ValidationError as error:
        raise DataError(listed(f"--contexts: {path} is {wrong}:", faults_of(error))) from error
    except (OSError, ValueError) as error:
        raise DataError(f"--contexts: {path} is {wrong}: {error}") from error
    texts = {f"{number}.{name}": getattr(row, name) for number, row in enumerate(rows) for name in ("title", "context")}
    for number, row in enumerate(rows):
        texts |= {f"{number}.questions.{n}": each.question + each.answer for n, each in enumerate(row.questions)}
    if faults := [f"{place}: {fault}" for place, text in texts.items() if (fault := fault_of_text(text))]:
        raise DataError(listed(f"--contexts: {path} has invalid text:", faults))
    return [
        Context(
            id=context_id(row.title.strip(), row.context.strip()),
            title=row.title.strip(),
            text=row.context.strip(),
            queries=tuple(
                Query(question=each.question, prompt=each.question, target=each.answer) for each in row.questions
            ),
        )
        for row in rows
    ]


def of_articles(articles: Articles) -> Imported:
    """Single-passage evaluations. Several self-edits per context make a training round."""
    contexts = tuple(dict.fromkeys(attempt.context for attempt in articles.attempts))
    base = _measurement("base", contexts, {context.id: articles.unadapted[context.id] for context in contexts})
    setting = "passage_only" if articles.passage_only else "self_edits_round_0"
    adapted = of_attempts(setting, articles.attempts)
    source = "passage" if articles.passage_only else "edit_{}"
    evaluations = {
        f"{POLICY.id}/{context}/unadapted/{number}": evaluation
        for context, of_context in articles.unadapted.items()
        for number, evaluation in enumerate(of_context)
    }
    for attempt in articles.attempts:
        for repeat, evaluation in enumerate(attempt.evaluations):
            assert not isinstance(evaluation, Failure)
            key = f"{POLICY.id}/{attempt.context.id}/{source.format(attempt.self_edit.index)}/{repeat}"
            evaluations[key] = evaluation
    self_edits = {f"{POLICY.id}/{attempt.name}": attempt.self_edit for attempt in articles.attempts}
    return Imported(
        contexts=contexts,
        self_edits={} if articles.passage_only else self_edits,
        evaluations=evaluations,
        results=_results([base, adapted], _rounds(articles)),
    )


def _rounds(articles: Articles) -> tuple[RoundSummary, ...]:
    """The round of several self-edits per context; empty otherwise. The file does not say which were kept."""
    if len(articles.attempts) == len({attempt.context.id for attempt in articles.attempts}):
        return ()
    update = Update(round=1, kept=(), losses=(), weights=None, sha256=None)
    turn = Round(index=0, policy=POLICY, attempts=articles.attempts, update=update, next=Policy(round=1))
    repeats = max(len(attempt.evaluations) for attempt in articles.attempts)
    found = summarize(turn, articles.baselines, score=Accuracy().score, repeats=repeats, limits=Accuracy.limits)
    return (replace(found, n_kept=None),)


def of_corpus(run: CorpusRun) -> Imported:
    """A continued-pretraining run: one adapter for all passages."""
    by_source = {"unadapted": run.unadapted, "consolidated": run.adapted}
    measurements = [
        _measurement(
            setting,
            run.contexts,
            {context.id: (one,) for context, one in zip(run.contexts, by_source[source], strict=True)},
        )
        for setting, source in (("base", "unadapted"), ("self_edits_round_0", "consolidated"))
    ]
    evaluations = {
        f"{POLICY.id}/{context.id}/{source}/0": one
        for source, found in by_source.items()
        for context, one in zip(run.contexts, found, strict=True)
    }
    return Imported(contexts=run.contexts, self_edits={}, evaluations=evaluations, results=_results(measurements, ()))


def of_forgetting(documents: Mapping[Path, Mapping[str, Any]]) -> Imported:
    """Pool runs over sequences of passages. A file with as many sequences as all others together is their summary."""
    runs = {file: read_forgetting(file, document) for file, document in documents.items()}
    if len({run.n_datapoints for run in runs.values()}) > 1:
        lengths = ", ".join(f"{file.name} {run.n_datapoints}" for file, run in runs.items())
        raise DataError(f"these runs have sequences of different lengths, so they cannot be pooled: {lengths}")
    most = max(run.n_sequences for run in runs.values())
    parts = {file: run for file, run in runs.items() if run.n_sequences < most}
    if sum(run.n_sequences for run in parts.values()) != most:
        parts = runs
    pooled = pool(list(parts.values()))
    notes = [f"imported: {len(parts)} runs, {pooled.n_sequences} sequences; nothing was run here"]
    for file in runs.keys() - parts.keys():
        check_summary(file, runs[file], pooled)
        notes.append(
            f"{file.name}: its means match the runs; its deviations are means of theirs, which are too small. "
            "The deviations shown here are over all sequences"
        )
    results = Results(table=(), continual=as_matrix(pooled), notes=tuple(notes))
    return Imported(contexts=(), self_edits={}, evaluations={}, results=results)


def _measurement(setting: str, contexts: Sequence[Context], outcomes: Mapping[str, Sequence[Outcome]]) -> Measurement:
    return Measurement(
        setting=setting,
        outcomes={context: [[one] for one in found] for context, found in outcomes.items()},
        n_queries={context.id: len(context.queries) for context in contexts},
        titles={context.id: context.title for context in contexts},
    )


def _results(measurements: Sequence[Measurement], rounds: tuple[RoundSummary, ...]) -> Results:
    comparison = compare(measurements[0], measurements[1])
    return Results(
        table=tuple(measurement.row() for measurement in measurements),
        comparisons=adjusted([comparison] if comparison else []),
        scores={measurement.setting: measurement.by_context() for measurement in measurements},
        rounds=rounds,
        notes=("imported: the verdicts are the published ones; nothing was run here",),
    )


def write_imported(folder: Path, name: str, sources: Sequence[Path], imported: Imported) -> None:
    """Write the run's folder.

    Raises:
        ConfigError: the folder is not empty.
        RunError: the folder cannot be written.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"--name: {folder} is not empty: choose another name")
    folder.mkdir(parents=True, exist_ok=True)
    store = Store(folder)
    facts = {
        "seal": __version__,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "settings": {"name": name, "seed": None},
        "git": None,
        "imported": {source.name: sha256(source.read_bytes()).hexdigest() for source in sources},
        "data": {"n_train": 0, "n_held_out": len(imported.contexts)},
    }
    store.write(MANIFEST, json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    store.append("contexts", {context.id: context for context in imported.contexts}, Context)
    store.append("self_edits", imported.self_edits, SelfEdit)
    store.append("evaluations", imported.evaluations, Evaluation)
    author = Author(by="recording", name=", ".join(source.name for source in sources))
    write_results(store, replace(imported.results, author=author))
