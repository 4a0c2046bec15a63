"""Network weight files: which are known, where they are, and how to get them."""

from deepthink.weights.find import (
    FOLDERS_VARIABLE,
    Status,
    also_look_in,
    cache_folder,
    file_sha256,
    find,
    status,
    verify,
)
from deepthink.weights.known import KNOWN, Weights, known

__all__ = [
    "FOLDERS_VARIABLE",
    "KNOWN",
    "Status",
    "Weights",
    "also_look_in",
    "cache_folder",
    "file_sha256",
    "find",
    "known",
    "status",
    "verify",
]
