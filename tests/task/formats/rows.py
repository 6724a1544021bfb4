"""Rows of our own invention in the columns of published sets, extra columns included."""

from typing import Any

Rows = list[dict[str, Any]]

HOTPOT: Rows = [
    {
        "_id": "5a1",
        "question": "In which town was the painter of The Ferry at Orl born?",
        "answer": "Kelham",
        "type": "bridge",
        "level": "hard",
        "supporting_facts": [["The Ferry at Orl", 0], ["Mara Tills", 1]],
        "context": [
            ["Orl", ["Orl has a mill."]],
            ["The Ferry at Orl", ["The Ferry at Orl was painted by Mara Tills.", " It hangs in Sund."]],
            ["Mara Tills", ["Mara Tills was a painter.", " She was born in Kelham."]],
        ],
    },
    {
        "_id": "5a2",
        "question": "Is the Rhee longer than the Nale?",
        "answer": "yes",
        "type": "comparison",
        "level": "easy",
        "supporting_facts": [["Rhee", 0], ["Nale", 0]],
        "context": [["Rhee", ["The Rhee is 80 km long."]], ["Mill", ["A mill grinds."]]],
    },
]
HOTPOT_OF_THE_HUB: Rows = [
    {
        **HOTPOT[0],
        "supporting_facts": {"title": ["The Ferry at Orl", "Mara Tills"], "sent_id": [0, 1]},
        "context": {
            "title": [title for title, _ in HOTPOT[0]["context"]],
            "sentences": [sentences for _, sentences in HOTPOT[0]["context"]],
        },
    }
]
MUSIQUE: Rows = [
    {
        "id": "2hop__1_2",
        "paragraphs": [
            {"idx": 0, "title": "Sund", "paragraph_text": "Sund lies on the Nale.", "is_supporting": True},
            {"idx": 1, "title": "Orl", "paragraph_text": "Orl has a mill.", "is_supporting": False},
            {"idx": 2, "title": "Nale", "paragraph_text": "The Nale flows into Lake Erd.", "is_supporting": True},
        ],
        "question": "Into which lake does the river of Sund flow?",
        "question_decomposition": [],
        "answer": "Lake Erd",
        "answer_aliases": ["Erd", "Lake Erd"],
        "answerable": True,
    },
    {
        "id": "2hop__3_4",
        "paragraphs": [{"idx": 0, "title": "Orl", "paragraph_text": "Orl has a mill.", "is_supporting": True}],
        "question": "Who built the mill of Sund?",
        "question_decomposition": [],
        "answer": "Ada Lind",
        "answer_aliases": [],
        "answerable": False,
    },
]
DROP: Rows = [
    {
        "section_id": "history_12",
        "query_id": "a-1",
        "passage": "Orl had 400 people in 1900 and 700 in 1950. Sund had 90.",
        "question": "How many more people had Orl in 1950 than in 1900?",
        "answers_spans": {"spans": ["300", "300"], "types": ["number", "number"]},
    },
    {
        "section_id": "history_12",
        "query_id": "a-2",
        "passage": "Orl had 400 people in 1900 and 700 in 1950. Sund had 90.",
        "question": "Which town was smaller?",
        "answers_spans": {"spans": ["Sund", "the town of Sund"], "types": ["span", "span"]},
    },
    {
        "section_id": "history_12",
        "query_id": "a-3",
        "passage": "Orl had 400 people in 1900 and 700 in 1950. Sund had 90.",
        "question": "How many mills were there?",
        "answers_spans": {"spans": [], "types": []},
    },
]
NARRATIVEQA: Rows = [
    {
        "document": {
            "id": "d1",
            "kind": "gutenberg",
            "summary": {"text": "Ada sails to Erd and finds a bell.", "tokens": ["Ada"], "title": "The Bell of Erd"},
            "text": "Chapter 1 …",
        },
        "question": {"text": question, "tokens": []},
        "answers": [{"text": answer, "tokens": []} for answer in answers],
    }
    for question, answers in (
        ("What does Ada find?", ("A bell", "the bell of Erd")),
        ("Where does Ada sail to?", ("To Erd", "Erd")),
    )
]
QUALITY: Rows = [
    {
        "article_id": "7",
        "set_unique_id": "7_A",
        "title": "The Long Ferry",
        "article": "The ferry left Orl at dawn. Mara had the only ticket.",
        "questions": [
            {
                "question": "Who had the ticket?",
                "question_unique_id": "7_A_1",
                "options": ["Ada", "Mara", "Nobody", "The ferryman"],
                "writer_label": 2,
                "gold_label": 2,
                "difficult": 0,
            },
            {
                "question": "When did the ferry leave?",
                "question_unique_id": "7_A_2",
                "options": ["At dawn", "At noon", "At dusk", "Never"],
                "writer_label": 1,
                "gold_label": 1,
                "difficult": 1,
            },
            {
                "question": "Why?",
                "question_unique_id": "7_A_3",
                "options": ["Wind", "Rain", "Fog", "Habit"],
                "difficult": 1,
            },
        ],
    }
]
ZSRE: Rows = [
    {
        "subject": "Ada Lind",
        "src": "At which school did Ada Lind teach?",
        "pred": "Kelham School",
        "rephrase": "Where did Ada Lind teach?",
        "alt": "the School of Orl",
        "answers": ["Kelham School"],
        "loc": "nq question: who wrote the bell of erd",
        "loc_ans": "Mara Tills",
        "cond": "Kelham School >> the School of Orl || At which school did Ada Lind teach?",
    }
]
COUNTERFACT: Rows = [
    {
        "case_id": 0,
        "pararel_idx": 1,
        "requested_rewrite": {
            "prompt": "The mother tongue of {} is",
            "relation_id": "P1",
            "target_new": {"str": "Erdish", "id": "Q1"},
            "target_true": {"str": "Orlish", "id": "Q2"},
            "subject": "Ada Lind",
        },
        "paraphrase_prompts": ["It rained. Ada Lind spoke the language"],
        "neighborhood_prompts": ["The mother tongue of Mara Tills is", "Jon Sund is a native speaker of"],
        "attribute_prompts": ["…"],
        "generation_prompts": ["…"],
    }
]
WIKIBIGEDIT: Rows = [
    {
        "tag": "new",
        "subject": "Sund",
        "update": "What is the twin town of Sund?",
        "ans": "Kelham",
        "rephrase": "Which town is twinned with Sund?",
        "personas": "Ahoy, which town be the twin of Sund?",
        "mhop": "On which river lies the twin town of Sund?",
        "mhop_ans": "the Rhee",
        "loc": "What is the twin town of Orl?",
        "loc_ans": "Erd",
    },
    {
        "tag": "new",
        "subject": "Erd",
        "update": "Who is the mayor of Erd?",
        "ans": "Jon Sund",
        "rephrase": "Who governs Erd?",
        "personas": None,
        "mhop": None,
        "mhop_ans": None,
        "loc": "Who is the mayor of Orl?",
        "loc_ans": "Ada Lind",
    },
]
KNOWEDIT: Rows = [
    {
        "subject": "Mara Tills",
        "prompt": "The employer of Mara Tills is",
        "target_new": "the mill of Orl",
        "ground_truth": "the ferry",
        "rephrase_prompt": "Mara Tills works for",
        "portability": {
            "Reasoning": [
                {"prompt": "The town where Mara Tills works is", "ground_truth": [["Orl", "the town of Orl"]]},
            ],
            "Subject_Aliasing": [{"prompt": "The employer of M. Tills is", "ground_truth": ["the mill of Orl"]}],
        },
        "locality": {
            "Relation_Specificity": [{"prompt": ["Mara Tills was born in"], "ground_truth": "Kelham"}],
        },
    },
    {"subject": "Orl", "prompt": "The river of Orl is", "target_new": "the Nale", "locality": {}},
]
SIMPLEQA: Rows = [
    {
        "metadata": "{'topic': 'Geography', 'answer_type': 'Place', 'urls': ['https://a.example/1']}",
        "problem": "On which river does Kelham lie?",
        "answer": "the Rhee",
    },
    {
        "metadata": "{'topic': 'Art', 'answer_type': 'Person', 'urls': []}",
        "problem": "Who painted The Ferry at Orl?",
        "answer": "Mara Tills",
    },
]
LOOGLE: Rows = [
    {
        "input": "The history of Orl, in 40 chapters …",
        "title": "History of Orl",
        "qa_pairs": (
            "[{'Q': 'Who founded Orl?', 'A': \"Mara Tills' aunt\", 'S': ['…'], 'type': 'retrieval'}, "
            "{'Q': '<mask-0> met <mask-1>.', 'A': {'<mask-0>': 'Ada', '<mask-1>': 'Jon'}, 'S': []}]"
        ),
        "output": "none",
    },
    {"input": "A paper about bells …", "title": "Bells", "qa_pairs": "none", "output": "It is about bells."},
]
LONGBENCH_V2: Rows = [
    {
        "_id": "66f",
        "domain": "Single-Document QA",
        "sub_domain": "Detective",
        "difficulty": "hard",
        "length": "short",
        "question": "Who rang the bell?",
        "choice_A": "Ada",
        "choice_B": "Jon",
        "choice_C": "Mara",
        "choice_D": "The wind",
        "answer": "C",
        "context": "It was night in Erd. Mara rang the bell.",
    }
]
MULTIHOP_RAG: Rows = [
    {
        "query": "Which town do both reports name?",
        "answer": "Orl",
        "question_type": "inference_query",
        "evidence_list": [
            {"title": "Floods", "author": "A", "source": "The Rhee Post", "fact": "Orl was flooded.", "url": "…"},
            {"title": "Mills", "author": "B", "source": "The Nale Times", "fact": "Orl has a mill.", "url": "…"},
        ],
    },
    {
        "query": "Who was the mayor?",
        "answer": "Insufficient information.",
        "question_type": "null_query",
        "evidence_list": [],
    },
]
BBH: Rows = [
    {"input": "Today is 3 May. What day was yesterday?\nOptions:\n(A) 2 May\n(B) 4 May", "target": "(A)"},
    {"input": "Does Ada return to the mill?\nOptions:\n- Yes\n- No", "target": "No"},
    {"input": "Sort these words: orl erd sund", "target": "erd orl sund"},
]
ALL: dict[str, Rows] = {
    "hotpot": HOTPOT,
    "musique": MUSIQUE,
    "drop": DROP,
    "narrativeqa": NARRATIVEQA,
    "quality": QUALITY,
    "zsre": ZSRE,
    "counterfact": COUNTERFACT,
    "wikibigedit": WIKIBIGEDIT,
    "knowedit": KNOWEDIT,
    "simpleqa": SIMPLEQA,
    "loogle": LOOGLE,
    "longbench_v2": LONGBENCH_V2,
    "multihop_rag": MULTIHOP_RAG,
    "bbh": BBH,
}
