"""What is written down about a run before it begins."""

import json

from seal.config.loading import load
from seal.session.manifest import differences, identity, manifest


def test_it_names_configuration_code_packages_machine_and_data() -> None:
    run, settings = load(["experiment=tiny"])
    facts = manifest(settings, run.model, run.task.load())
    assert facts["settings"]["recipe"]["rounds"] == 2
    assert facts["packages"]["transformers"]
    assert facts["machine"]["cores"] >= 1
    assert len(facts["data"]["sha256"]) == len(facts["model"]["fingerprint"]) == 64
    assert facts["git"] is None or len(facts["git"]["revision"]) == 40
    json.dumps(facts, default=str)


def test_differences_are_named_by_key_path_also_where_a_key_is_new_or_gone() -> None:
    old = {"inner": {"rank": 8, "targets": ["q_proj"]}, "seed": 0, "gone": 1}
    new = {"inner": {"rank": 16, "targets": ["q_proj"], "extra": True}, "seed": 0}
    assert differences(old, new) == [
        "inner.rank: 8 there, 16 now",
        "gone: 1 there, '(absent)' now",
        "inner.extra: '(absent)' there, True now",
    ]


def test_where_a_run_lies_and_runs_is_not_what_it_is() -> None:
    _, settings = load(["experiment=tiny"])
    assert not {"name", "outputs", "if_exists", "published", "cluster.threads"} & identity(settings).keys()
    assert {"seed", "inner.rank", "model._target_"} <= identity(settings).keys()
