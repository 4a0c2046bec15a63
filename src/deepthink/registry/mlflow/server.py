"""A server of MLflow, spoken to through MLflow's own client, which nothing else here imports."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import cached_property
from typing import Any
from urllib.parse import quote

from deepthink.errors import DeepthinkError, MissingExtraError, StepError

THERE, ABSENT = "RESOURCE_ALREADY_EXISTS", "RESOURCE_DOES_NOT_EXIST"  # MLflow's codes
_ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
_CALM = {  # what people set themselves counts
    "MLFLOW_DISABLE_TELEMETRY": "true",  # it would tell its makers what is run here
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # where --json goes
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",  # seconds without a byte; its own are 120
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # its own are 7, each later than the last: minutes for a server that is off
}


def library() -> Any:
    """Return MLflow's client library, loaded when it is first needed.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    for name, value in _CALM.items():
        os.environ.setdefault(name, value)
    try:
        import mlflow
        import mlflow.entities  # not loaded by the line above in every version
    except ImportError as error:
        raise MissingExtraError("mlflow-skinny", "mlflow") from error
    return mlflow


class Server:
    """A server of MLflow.

    Parameters
    ----------
    uri : str
        http(s)://host:port; who logs in, and with what, stands in MLflow's own environment variables.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri

    @cached_property
    def client(self) -> Any:
        """MLflow's client, whose calls belong into `asking`."""
        return library().MlflowClient(self.uri, self.uri)

    @contextlib.contextmanager
    def asking(self, unless: str = "") -> Iterator[None]:
        """Turn what becomes of a request into an error with a next step.

        Parameters
        ----------
        unless : str, optional
            MLflow's code of an error that is none here.
        """
        try:
            yield
        except DeepthinkError:
            raise
        except Exception as error:  # MLflow's, requests', json's: a server may be none, and answer anything
            if unless and getattr(error, "error_code", None) == unless:
                return
            words = " ".join(str(error).split())[:300]
            raise StepError(
                f"MLflow at {self.uri} did not do it: {words}. No version is half done, here or there. When it "
                "answers, run the command again: it goes on where it was."
            ) from error

    def http(self, method: str, path: str, **more: Any) -> Any:
        """Ask for a file, with the credentials that MLflow's client would show, and return requests' answer.

        MLflow's own way would go wherever the server says that a run's files are, were it a folder of this machine.
        """
        library()
        from mlflow.utils.credentials import get_default_host_creds
        from mlflow.utils.rest_utils import http_request

        if method == "PUT":
            more["extra_headers"] = {"Content-Type": "application/octet-stream"}
        return http_request(get_default_host_creds(self.uri), f"{_ARTIFACTS}{quote(path)}", method, **more)
