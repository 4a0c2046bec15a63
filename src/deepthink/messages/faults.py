"""Faults of the network, in words."""

from __future__ import annotations

import ssl


def said(error: Exception) -> str:
    """Return an error of the network in words.

    Examples
    --------
    >>> said(ConnectionRefusedError(111, "Connection refused"))
    'Connection refused'
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
