"""SQuAD (arXiv 1606.05250, and version 2, arXiv 1806.03822): the columns of its rows and of its own document."""

from seal.task.parts import Columns

COLUMNS = Columns(
    title="title",
    passage=("context", "passage", "text"),
    questions=("qas", "questions"),
    question="question",
    answer=("answer", "answers"),
    kind="kind",
    options="options",
    are_settings=False,
)
