"""Route templates (`/v2/models/{model}/infer`) as patterns. A placeholder stands for one segment, or for its part before a colon.

Both sides of the seam use it: the traffic process to label routes, the intake to find the model's name in a path.
"""

from __future__ import annotations

import re

_PLACEHOLDER = re.compile(r"\{([^{}/]+)\}")
_MODEL = ("model", "model_name")


def pattern_of(template: str) -> re.Pattern[str]:
    """Matches the paths of a template; the group `model` is what stands for the first `{model}` (or `{model_name}`), if any."""
    parts = _PLACEHOLDER.split(template)
    named = next((at for at in range(1, len(parts), 2) if parts[at] in _MODEL), 0)
    return re.compile(
        "".join(
            re.escape(part) if at % 2 == 0 else "(?P<model>[^/:]+)" if at == named else "[^/:]+"
            for at, part in enumerate(parts)
        )
    )
