"""Every exception of DeepThink: ours first, the built-in second, so either can be caught.

DeepthinkError
├── SettingsError (ValueError)            a setting that cannot work
├── BadInputError (ValueError)            a file or value from outside that is not what it should be
│   ├── BadNameError                      a person's name that SentinelCam cannot carry
│   └── WeightsError                      a weight file that is absent, altered or not what it claims
├── MixedEmbeddersError (ValueError)      embeddings of two different embedders in one place
├── MissingExtraError (ImportError)       an optional library is not installed
├── NotEnoughDataError (ValueError)       too few people, faces or events for the step
├── VersionNotFoundError (LookupError)    the registry holds no such version
├── VersionExistsError (FileExistsError)  a published version would be overwritten
├── DamagedVersionError (ValueError)      a version's files are not what its manifest says
│   └── UntrustedVersionError             its manifest is not what a trusted key has signed
├── TransitionError                       a version that may not go where it is sent in the ledger
│   └── HandEditError                     the ledger was changed by hand, and nobody has accepted that
├── StaleViewError                        a decision about rows that somebody else has decided meanwhile
├── GateError                             a version whose verdict does not allow the step
├── DeploymentError                       a target did not take a version
├── DeliveryError                         a message that did not arrive
└── StepError                             a step that could not be finished
    ├── InUseError                        another process is at it
    └── StalledError                      it stood still, or its process died: another try may help
"""

from __future__ import annotations

from collections.abc import Iterable


class DeepthinkError(Exception):
    """The base of all errors that a user can do something about."""


class SettingsError(DeepthinkError, ValueError):
    """A setting that cannot work."""


class BadInputError(DeepthinkError, ValueError):
    """A file or value from outside that is not what it should be."""


class BadNameError(BadInputError):
    """A person's name that SentinelCam's files cannot carry."""

    def __init__(self, name: str, why: str, suggestion: str) -> None:
        super().__init__(f"The name {name!r} cannot be used: {why}. Try {suggestion!r}.")
        self.name, self.suggestion = name, suggestion


class WeightsError(BadInputError):
    """A weight file that is absent, altered or not what it claims to be."""


class MixedEmbeddersError(DeepthinkError, ValueError):
    """Embeddings of two different embedders would meet in one place."""

    def __init__(self, expected: str, found: str, where: str) -> None:
        super().__init__(
            f"{where} holds embeddings made by {found}, but this step uses {expected}; their distances cannot be "
            "compared. Embed again with one embedder: deepthink embed --all."
        )
        self.expected, self.found = expected, found


class MissingExtraError(DeepthinkError, ImportError):
    """An optional library is not installed."""

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(f"{library} is not installed. Install it with: pip install 'deepthink[{extra}]'.")


class NotEnoughDataError(DeepthinkError, ValueError):
    """Too few people, faces or events for the step."""


class VersionNotFoundError(DeepthinkError, LookupError):
    """The registry holds no such version."""

    def __init__(self, version: str, known: Iterable[str]) -> None:
        super().__init__(f"No version {version!r} here. Known: {', '.join(known) or 'none'}.")
        self.version = version


class VersionExistsError(DeepthinkError, FileExistsError):
    """A published version never changes."""

    def __init__(self, version: str, free: str = "") -> None:
        such = f", such as {free}" if free else ""
        super().__init__(f"Version {version!r} is published and never changes. Choose another name{such}.")
        self.version = version


class DamagedVersionError(DeepthinkError, ValueError):
    """A version's files are not what its manifest says."""


class UntrustedVersionError(DamagedVersionError):
    """A version that is not signed, was changed after that, or is signed by somebody unknown."""


class TransitionError(DeepthinkError):
    """A version may not go where it is sent in the ledger."""


class HandEditError(TransitionError):
    """The ledger was changed by hand, and nobody has accepted that."""

    def __init__(self, path: object, edits: Iterable[str]) -> None:
        self.edits = list(edits)
        super().__init__(
            f"{path} was changed by hand: {'; '.join(self.edits)}. "
            "Keep that: deepthink versions accept --why ... Or undo it: deepthink versions undo"
        )


class StaleViewError(DeepthinkError):
    """Rows are not what they were when they were shown to whoever decides about them."""

    def __init__(self, rows: Iterable[int]) -> None:
        self.rows = list(rows)
        shown = ", ".join(map(str, self.rows[:8])) + (" and more" if len(self.rows) > 8 else "")
        super().__init__(f"Rows {shown} have been changed since you saw them; nothing was done. Look again.")


class GateError(DeepthinkError):
    """A version whose verdict does not allow the step."""


class DeploymentError(DeepthinkError):
    """A target did not take a version; it stands on the version it had before."""


class DeliveryError(DeepthinkError):
    """A message that did not arrive; it is tried again."""


class StepError(DeepthinkError):
    """A step that could not be finished."""


class InUseError(StepError):
    """Another process is at it; it can be tried again when that has ended."""


class StalledError(StepError):
    """A step stood still and was ended, or its process died; another try may help."""
