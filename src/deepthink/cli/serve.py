"""`deepthink serve`: the services, each until it is told to end."""

from __future__ import annotations

import logging
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deepthink.cli.console import HERE, SetFlag, SiteFlag, err, needing, open_site
from deepthink.errors import BadInputError, SettingsError

if TYPE_CHECKING:
    from deepthink.curation.holds import AnyRow
    from deepthink.datasink.folder import FolderDatasink
    from deepthink.web.users import Users

DELETION_WAITS = 0.5  # seconds for who changes the facelist; the pump answers nobody else meanwhile

app = typer.Typer(help="Serve: a DataPump for SentinelCam's nodes, and more.", no_args_is_help=True)

HostFlag = Annotated[str, typer.Option(help="The address to listen on; any but this machine's own needs logins.")]
PortFlag = Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes any that is free.")]
CertificateFlag = Annotated[Path | None, typer.Option(help="TLS: the certificate, PEM.")]
KeyFlag = Annotated[Path | None, typer.Option(help="TLS: its private key, PEM.")]
Folder = Annotated[Path | None, typer.Option(help="A datasink's folder of CSV files; else the site's.")]


@app.command(
    "pump",
    epilog="Example: deepthink serve pump --data /srv/camwatcher --images /srv/images --facelist /srv/facelist.csv",
)
def pump(
    data: Folder = None,
    images: Annotated[Path | None, typer.Option(help="Its folder of pictures; else the site's.")] = None,
    facelist: Annotated[Path | None, typer.Option(help="facelist.csv: what it lists is not deleted.")] = None,
    bind: Annotated[str, typer.Option(help="Where to listen.")] = "tcp://*:5556",
    camwatcher: Annotated[
        str | None,
        typer.Option(help="The camwatcher that deletes events, tcp://host:port; else they are deleted here."),
    ] = None,
    curve: Annotated[Path | None, typer.Option(help="Folder of CURVE keys: only their holders may connect.")] = None,
    site: SiteFlag = HERE,
    flags: SetFlag = None,
) -> None:
    """Serve a datasink to SentinelCam's nodes, in place of its own DataPump."""
    from deepthink.curation.holds import AnyRow
    from deepthink.datasink.answers import Answers
    from deepthink.datasink.folder import FolderDatasink
    from deepthink.datasink.pump import Pump

    if data is None or images is None:
        if data or images:
            raise SettingsError("--data and --images go together.")
        settings = open_site(site, flags).settings
        data, images = settings.path(settings.datasink.data), settings.path(settings.datasink.images)
        facelist = facelist or settings.path(settings.facelist)
    if not data.is_dir():
        raise SettingsError(f"There is no folder {data}.")
    if not images.is_dir():
        err.print(f"There is no folder {images}: no event has pictures until there is one.")
    holds, sink = AnyRow(facelist or data / "facelist.csv"), FolderDatasink(data, images)
    if facelist is None or not facelist.exists():
        err.print(f"There is no facelist at {holds.facelist}: no event is locked until there is one.")
    for date, event, why in sink.finish_deletions():
        err.print(f"Ended a deletion that was interrupted: {date} {event} {why}")
    delete = _deleting(sink, holds)
    served = Pump(Answers(data, images, holds.holds, delete), bind, camwatcher, curve)
    until_ended(served, f"Serving {data} on {served.address}. End with Ctrl-C.")


@app.command("sentinel", epilog="Example: deepthink serve sentinel --config ~/sentinel.yaml --site my-site")
def sentinel(
    config: Annotated[Path, typer.Option(help="SentinelCam's sentinel.yaml.")] = Path("~/sentinel.yaml"),
    host: Annotated[str, typer.Option(help="The address to listen on; * for all.")] = "*",
    site: SiteFlag = HERE,
    flags: SetFlag = None,
) -> None:
    """Run SentinelCam's tasks, in place of its own sentinel: detect, recognise, sweep, embed, retain."""
    from deepthink.flow.sentinel import Sentinel
    from deepthink.flow.sentinel_yaml import read_config
    from deepthink.flow.tasks import prepare

    settings = open_site(site, flags).settings
    service = Sentinel(read_config(config.expanduser()), prepare, settings, host=host)
    until_ended(service, f"Taking jobs on {service.addresses[0]}, results on {service.addresses[1]}. End with Ctrl-C.")


@app.command("review", epilog="Example: deepthink serve review --site my-site --add-user ann --role administer")
def review(
    host: HostFlag = "127.0.0.1",
    port: PortFlag = 8010,
    certificate: CertificateFlag = None,
    key: KeyFlag = None,
    thumbnails: Annotated[int, typer.Option(min=1, help="MiB of small pictures that are kept.")] = 256,
    add_user: Annotated[
        str | None, typer.Option(metavar="NAME", help="Let somebody log in, or change their password; then end.")
    ] = None,
    role: Annotated[str, typer.Option(help="With --add-user: look, review or administer.")] = "review",
    remove_user: Annotated[str | None, typer.Option(metavar="NAME", help="Let somebody log in no more.")] = None,
    users: Annotated[bool, typer.Option("--users", help="List who may log in, and what for; then end.")] = False,
    site: SiteFlag = HERE,
    flags: SetFlag = None,
) -> None:
    """Serve the review page: say who is in the faces that wait, in a browser."""
    with needing("web", "fastapi"):
        from deepthink.web.service import Review, users_of
        from deepthink.web.serving import Address
    opened = open_site(site, flags)
    if add_user or remove_user or users:
        _change_users(users_of(opened), add_user, role, remove_user)
        return
    served = Review(opened, Address(host, port, certificate, key), thumbnails * 2**20, flags or ())
    until_ended(served, f"Review at {served.address} . End with Ctrl-C.")


@app.command("status", epilog="Example: deepthink serve status --site my-site --review http://trainer:8010")
def status(
    host: HostFlag = "127.0.0.1",
    port: PortFlag = 8011,
    certificate: CertificateFlag = None,
    key: KeyFlag = None,
    review: Annotated[str | None, typer.Option(metavar="URL", help="Where the review page is, to link to it.")] = None,
    site: SiteFlag = HERE,
    flags: SetFlag = None,
) -> None:
    """Serve the status page: what is current where, what waits for you, and how recognition does; live."""
    from deepthink.settings import load  # and no part of the site: the service stays small

    with needing("web", "fastapi"):
        from deepthink.web.serving import Address
        from deepthink.web.status_service import StatusService
    if review is not None and not re.match(r"https?://[^/]", review):
        raise SettingsError("--review is an address such as http://trainer:8010")
    address = Address(host, port, certificate, key)
    served = StatusService(load(site, flags or ()), address, review, flags or ())
    until_ended(served, f"Status at {served.address} . End with Ctrl-C.")


def _change_users(users: Users, add: str | None, role: str, remove: str | None) -> None:
    """Change who may log in, and list who may by now."""
    if add:
        given = os.environ.get("DEEPTHINK_PASSWORD")
        users.add(add, given or typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True), role)
    if remove:
        users.remove(remove)
    for name, allowed in users.names().items():
        print(f"{name}: {allowed}")


def _deleting(sink: FolderDatasink, holds: AnyRow) -> Callable[[str, str], None]:
    """Return what deletes an event by its name, unless somebody has listed it at this very moment."""

    def delete(date: str, event: str) -> None:
        with holds.hold(DELETION_WAITS):
            if holds.holds(date, event):
                raise BadInputError(f"{event} has just been listed in the facelist.")
            for one in sink.events(date):
                if one.event == event:
                    sink.delete(one)

    return delete


def until_ended(service: Any, begun: str) -> None:
    """Serve until the process is asked to end, and close what is open."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    signal.signal(signal.SIGTERM, _end)
    try:
        err.print(begun)
        service.serve()
    except KeyboardInterrupt:
        err.print("Ended.")
    finally:
        service.close()


def _end(*_: object) -> None:
    raise KeyboardInterrupt
