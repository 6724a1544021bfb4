"""SEAL from Python: a small run of the method, and what it left. `python docs/example.py`, in about a minute."""

import seal


def main() -> None:
    run = seal.load(
        "experiment=tiny",
        "name=example",
        "task.n_train=6",
        "task.n_held_out=6",
        "recipe.contexts_per_round=6",
        "recipe.rounds=1",
    )
    print(f"{run.task.n_held_out} held-out passages, adapters of rank {run.inner.rank}")
    results = seal.run(run, quiet=True)
    for row in results.table:
        print(f"{row.setting:30} accuracy {row.accuracy:.3f}, {row.tokens or 0:.0f} trained tokens")

    found = seal.read(run.folder)
    attempts = found.frame("attempts")
    best = attempts.sort_values("reward", ascending=False).iloc[0]
    print(f"\n{len(attempts)} self-edits; the best reward was {best.reward:.2f}.")
    print(f"It was for this text about {best.title}:\n{best.text}")


if __name__ == "__main__":
    main()
