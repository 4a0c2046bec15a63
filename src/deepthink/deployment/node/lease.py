"""A lock that outlives the process that took it: where each request is a process of its own, as with Ansible.

It is a file that names its holder and until when it counts; each request of the holder's puts that off. It counts for
those too who lock the folder by a session, and they for it: whoever looks at it holds their lock meanwhile.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from deepthink.deployment.node.shelf import RefusedError, write

SECONDS = 900.0  # longer than any request: who is silent for so long is gone


class Lease:
    """What is noted of a claim on a folder.

    Parameters
    ----------
    folder : Path
        The target's.
    claim : str
        Who asks; empty for a session, which needs no lease and only respects those of others.
    """

    def __init__(self, folder: Path, claim: str = "") -> None:
        self._path, self.claim = folder / ".rollout.lease", claim

    def read(self) -> dict[str, Any]:
        """Return what is noted; empty when nobody has a claim that still counts."""
        try:
            noted = json.loads(self._path.read_text(encoding="utf-8"))
            left = float(noted["until"]) - time.time()
            return dict(noted) if 0 < left <= SECONDS else {}  # more than it can be: the clock was set
        except (OSError, ValueError, TypeError, KeyError):
            return {}

    def anothers(self) -> bool:
        """Whether somebody else has a claim."""
        noted = self.read()
        return bool(noted) and noted.get("claim") != self.claim

    def renew(self, staged: str) -> None:
        """Claim the folder, or put off the end of the claim; note what is being staged."""
        write(self._path, {"claim": self.claim, "until": time.time() + SECONDS, "staged": staged})

    def check(self) -> str:
        """Return what is being staged; RefusedError when the claim is not held any more."""
        noted = self.read()
        if noted.get("claim") != self.claim:
            raise RefusedError("the claim of this deployment ran out; deploy again")
        return str(noted.get("staged", ""))

    def end(self) -> None:
        """Give the folder free."""
        if self.read().get("claim") == self.claim:
            self._path.unlink(missing_ok=True)
