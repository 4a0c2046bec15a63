"""`deepthink keys`: what versions are signed with, and whose signatures are believed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from deepthink.cli.console import HERE, JsonFlag, SiteFlag, emit, open_site

app = typer.Typer(
    help="Sign versions, and say whose signatures are believed.",
    epilog="Example: deepthink keys show",
    no_args_is_help=True,
)


@app.command("make", epilog="Example: deepthink keys make; deepthink keys make --own ~/.ssh/site_key")
def make(
    own: Annotated[Path | None, typer.Option(help="Take this Ed25519 private key, without a passphrase.")] = None,
    site: SiteFlag = HERE,
    as_json: JsonFlag = False,
) -> None:
    """Make the key that signs this site's versions; the first `publish` does it too."""
    keys = open_site(site).keys
    new = keys.make(own)
    text = f"Made {keys.private}. It stays on this machine." if new else f"There is a key already: {keys.private}"
    emit({"new": new, **_described(keys)}, f"{text}\n{_shown(keys)}", as_json)


@app.command("show", epilog="Example: deepthink keys show")
def show(site: SiteFlag = HERE, as_json: JsonFlag = False) -> None:
    """Show the public key, whom this site trusts, and how anyone can check a version."""
    keys = open_site(site).keys
    emit(_described(keys), _shown(keys), as_json)


@app.command("trust", epilog="Example: deepthink keys trust garage.pub")
def trust(
    public: Annotated[str, typer.Argument(metavar="PUBLICKEY", help="A .pub file, or its line in quotes.")],
    site: SiteFlag = HERE,
    as_json: JsonFlag = False,
) -> None:
    """Believe the versions that another key has signed, as that of a second trainer."""
    from deepthink.registry import signers

    keys = open_site(site).keys
    line = public if public.startswith(signers.ED25519) else Path(public).read_text(encoding="utf-8", errors="replace")
    signer = signers.read_public(line)
    new = signers.trust(keys.signers, signer)
    text = f"{signer.fingerprint} is trusted{'' if new else ' already'}. For targets too: deepthink keys send"
    emit({"new": new, **_described(keys)}, text, as_json)


@app.command("sign", epilog="Example: deepthink keys sign alpha")
def sign(
    version: Annotated[str, typer.Argument(help="A version from before versions were signed.")],
    site: SiteFlag = HERE,
    as_json: JsonFlag = False,
) -> None:
    """Sign a version that has no signature, as it is now: only if you know that nobody has changed it."""
    folder = open_site(site).registry.sign(version)
    emit({"version": version, "folder": folder}, f"{version} is signed. Next: deepthink deploy {version}", as_json)


@app.command("send", epilog="Example: deepthink keys send --to sentinel1")
def send(
    only: Annotated[str | None, typer.Option("--to", help="One target; all when left out.")] = None,
    site: SiteFlag = HERE,
    as_json: JsonFlag = False,
) -> None:
    """Give targets the public keys that this site trusts, in place of those they hold."""
    from deepthink.flow.rollout import send_keys

    names = send_keys(open_site(site), only)
    emit({"targets": names}, f"{', '.join(names)} trust what this site trusts.", as_json)


def _described(keys: Any) -> dict[str, Any]:
    from deepthink.registry.signers import read_signers

    own = keys.own()
    trusted = [{"fingerprint": one.fingerprint, "public": one.public} for one in read_signers(keys.signers)]
    return {"public": own.public if own else None, "signers": keys.signers, "trusted": trusted}


def _shown(keys: Any) -> str:
    from deepthink.registry.signers import IDENTITY, NAMESPACE

    told = _described(keys)
    lines = [told["public"] or "This site has no key yet: deepthink keys make", f"Trusted, in {told['signers']}:"]
    lines += [f"  {one['fingerprint']} {one['public'].split(' ', 2)[-1]}" for one in told["trusted"]] or ["  nobody"]
    check = f"ssh-keygen -Y verify -f {told['signers']} -I {IDENTITY} -n {NAMESPACE}"
    return "\n".join([*lines, "To check a version without DeepThink, in its folder:",
                      f"  {check} -s manifest.yaml.sig < manifest.yaml"])  # fmt: skip
