"""The model in a server's registry: its versions with their tags and aliases, and the runs that they are of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deepthink.registry.mlflow.server import THERE, Server, library

FILES = "version"  # where a version's files lie among the artifacts of its run
SPEAKER = "deepthink.speaker"


@dataclass(frozen=True)
class Kept:
    """A version as the server keeps it."""

    number: int  # MLflow's own
    run: str
    tags: dict[str, str]
    aliases: tuple[str, ...]


class Model:
    """A model in a server's registry.

    Parameters
    ----------
    server : Server
    name : str
        Of the model there, and of the experiment with its runs.
    """

    def __init__(self, server: Server, name: str) -> None:
        self.server, self.name = server, name

    def kept(self) -> list[Kept]:
        """Return the versions of the model, in the order in which they came."""
        only = f"name = '{self.name}'"
        with self.server.asking():
            found = self.server.client.search_registered_models(only)
            aliases = dict(found[0].aliases) if found else {}
            versions, token = [], None
            while token != "":
                page = self.server.client.search_model_versions(only, page_token=token)
                versions += list(page)
                token = page.token or ""
        named = lambda number: tuple(sorted(alias for alias, leads in aliases.items() if str(leads) == str(number)))
        kept = [Kept(int(one.version), one.run_id or "", dict(one.tags), named(one.version)) for one in versions]
        return sorted(kept, key=lambda one: one.number)

    def speaker(self, own: str) -> str:
        """Return which site speaks for the model there: the first that came, or we when nobody does."""
        client = self.server.client
        with self.server.asking(unless=THERE):
            client.create_registered_model(self.name, {SPEAKER: own})
        with self.server.asking():
            speaks = client.get_registered_model(self.name).tags.get(SPEAKER)
            if not speaks:
                client.set_registered_model_tag(self.name, SPEAKER, own)
        return str(speaks or own)

    def run(self, key: str, value: str, name: str, began: int) -> str:
        """Return the run with a tag: the one that an interrupted push has left, or a new one."""
        client = self.server.client
        with self.server.asking(unless=THERE):
            if client.get_experiment_by_name(self.name) is None:
                client.create_experiment(self.name)
        with self.server.asking():
            experiment = client.get_experiment_by_name(self.name).experiment_id
            left = client.search_runs([experiment], f"tags.`{key}` = '{value}'", order_by=["start_time ASC"])
            tags = {key: value, "mlflow.source.name": "deepthink"}
            return str((left[0] if left else client.create_run(experiment, began, tags, name)).info.run_id)

    def said(self, run: str) -> tuple[dict[str, str], dict[str, float]]:
        """Return a run's parameters and metrics."""
        with self.server.asking():
            data = self.server.client.get_run(run).data
        return dict(data.params), dict(data.metrics)

    def say(self, run: str, parameters: Mapping[str, str], metrics: Mapping[str, float], when: int) -> None:
        """Add the parameters and metrics that a run has not yet."""
        entities = library().entities
        known, measured = self.said(run)
        new = [entities.Metric(key, value, when, 0) for key, value in metrics.items() if key not in measured]
        more = [entities.Param(key, value) for key, value in parameters.items() if key not in known]
        with self.server.asking():
            self.server.client.log_batch(run, new, more)

    def end(self, run: str) -> None:
        """Say that a run is over."""
        with self.server.asking():
            self.server.client.set_terminated(run)

    def register(self, run: str, tags: Mapping[str, str], description: str) -> int:
        """Make a run's files a version of the model, in one step, and return its number."""
        with self.server.asking():
            made = self.server.client.create_model_version(
                self.name, f"runs:/{run}/{FILES}", run, dict(tags),
                description=description, await_creation_for=None,
            )  # fmt: skip
        return int(made.version)

    def withdraw(self, number: int, run: str | None) -> None:
        """Take a version of the model back, and its run."""
        with self.server.asking():
            self.server.client.delete_model_version(self.name, str(number))
            if run:
                self.server.client.delete_run(run)

    def tag(self, one: Kept, key: str, value: str) -> None:
        """Set a tag of a version, or remove it when it would be empty; one that is right is left alone."""
        if one.tags.get(key, "") == value:
            return
        client, number = self.server.client, str(one.number)
        with self.server.asking():
            if value:
                client.set_model_version_tag(self.name, number, key, value)
            else:
                client.delete_model_version_tag(self.name, number, key)

    def alias(self, name: str, number: int | None) -> None:
        """Let an alias lead to a version, or take it away."""
        client = self.server.client
        with self.server.asking():
            if number is None:
                client.delete_registered_model_alias(self.name, name)
            else:
                client.set_registered_model_alias(self.name, name, str(number))
