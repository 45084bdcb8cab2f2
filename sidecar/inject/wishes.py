"""Who asks for a sidecar: the words of `drift-sidecar/inject` on pods and namespaces, as the webhook's selectors read them.

A word of either side is read in any case; selectors compare letters, so they list the three usual ways to write each word. The
chart's selectors say the same as `is_sent`, and a test holds one against the other. Pure. Neighbours: `patch` asks what a pod
says of itself, `survey` whether the webhook was asked at all.
"""

from __future__ import annotations

from typing import Literal

from sidecar.inject.pod import Json, annotations_of, labels_of

PREFIX = "drift-sidecar/"
INJECT = f"{PREFIX}inject"
STATUS = f"{PREFIX}status"
REVISION = f"{PREFIX}revision"
"""Label of namespaces that leaves them to another release of the webhook, such as a canary."""
INJECTED = f"{PREFIX}injected"
"""Label of pods with a sidecar, by which NetworkPolicies find them."""
SYSTEM_NAMESPACES = frozenset({"kube-system", "kube-public", "kube-node-lease"})
"""Kubernetes' own, which are never touched."""

Word = Literal["on", "off", "unclear"]

_ON = ("enabled", "true", "yes", "on")
_OFF = ("disabled", "false", "no", "off")


def _spellings(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(spelled for word in words for spelled in (word, word.capitalize(), word.upper()))


ON_LABELS, OFF_LABELS = _spellings(_ON), _spellings(_OFF)
"""Values of the label that selectors take for on and for off."""


def read_word(text: str) -> Word:
    """What a value of `drift-sidecar/inject` means, in any case."""
    word = text.strip().lower()
    return "on" if word in _ON else "off" if word in _OFF else "unclear"


def word_of(pod: Json) -> tuple[Word, str] | None:
    """What a pod says of itself, by its label or else its annotation, and how it is written; None if it says nothing."""
    text = labels_of(pod).get(INJECT, annotations_of(pod).get(INJECT))
    return None if text is None else (read_word(text), text)


def asks(pod: Json) -> bool:
    """Whether a pod itself says anything to the injector, by label or annotation; what the injector wrote is none of its own."""
    return any(
        name.startswith(PREFIX) and name not in (STATUS, INJECTED) for name in (*annotations_of(pod), *labels_of(pod))
    )


def namespace_word(labels: dict[str, str]) -> Word | None:
    """What a namespace with these labels says for its pods, as selectors read it; None without the label."""
    text = labels.get(INJECT)
    if text is None:
        return None
    return "on" if text in ON_LABELS else "off" if text in OFF_LABELS else "unclear"


def is_sent(namespace: dict[str, str], pod: Json) -> bool:
    """Whether the API server asks the webhook about a new pod in a namespace with these labels.

    The namespace's word counts, for all pods whose own label does not say off. Without a word of it, the pod's own label does.
    """
    label = labels_of(pod).get(INJECT)
    if label in OFF_LABELS:
        return False
    word = namespace_word(namespace)
    return word == "on" or (word != "off" and label is not None)
