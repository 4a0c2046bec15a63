"""Brokers for tests: a real Mosquitto each, on a free port of the loopback, and who listens to it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from deepthink.settings.watching import MqttSettings
from tests.deployment.nodes import free_port
from tests.lacking import skip

PATHS = "/usr/sbin:/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"
MOSQUITTO = shutil.which("mosquitto", path=PATHS)
MOSQUITTO_PASSWD = shutil.which("mosquitto_passwd", path=PATHS)
CONFIG = """
listener {port} 127.0.0.1
allow_anonymous {anonymous}
persistence false
{more}
"""


class Mosquitto:
    """A broker that can be killed, stopped, and started again on the same port."""

    def __init__(self, folder: Path, more: str = "", login: tuple[str, str] | None = None, tls: bool = False) -> None:
        self.program = MOSQUITTO or skip("mosquitto is not installed: apt-get install mosquitto")
        self.folder, self.port, self.login, self.tls = folder, free_port(), login, tls
        folder.mkdir(parents=True, exist_ok=True)
        if login:
            more += f"\npassword_file {self._passwords(*login)}"
        if tls:
            make_certificates(folder)
            more += f"\ncertfile {folder}/server.pem\nkeyfile {folder}/server.key"
        if os.getuid() == 0:
            more += "\nuser root"  # else it could not read a file of the test's folder
        self.config = folder / "config"
        self.config.write_text(CONFIG.format(port=self.port, anonymous=str(not login).lower(), more=more))
        self.start()

    def _passwords(self, user: str, password: str) -> Path:
        made = self.folder / "passwords"
        program = MOSQUITTO_PASSWD or skip("mosquitto_passwd is not installed: apt-get install mosquitto")
        subprocess.run([program, "-c", "-b", str(made), user, password], check=True, capture_output=True)
        return made

    def start(self) -> None:
        self.process = subprocess.Popen(
            [self.program, "-c", str(self.config)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=(self.folder / "log").open("a"),
        )  # fmt: skip
        until(lambda: self.answers(), "mosquitto listens")

    def answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        assert self.process.poll() is None, (self.folder / "log").read_text()
        return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stand_still(self) -> None:
        """Hold its breath: connections stay, and nobody answers."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    stop = kill

    def settings(self, **more) -> MqttSettings:
        ca = self.folder / "ca.pem" if self.tls else None
        user = self.login[0] if self.login else None
        return MqttSettings(**{"host": "127.0.0.1", "port": self.port, "tls": self.tls, "ca": ca, "user": user, **more})


class Ear:
    """Somebody who is subscribed to everything, as Home Assistant may be."""

    def __init__(self, broker: Mosquitto) -> None:
        self.heard: list[tuple[str, str, bool]] = []
        self.client = Client(CallbackAPIVersion.VERSION2)
        self.client.on_message = lambda client, data, one: self.heard.append(
            (one.topic, one.payload.decode(errors="replace"), bool(one.retain))
        )
        self.ready = threading.Event()
        self.client.on_connect = lambda client, data, flags, reason, properties: client.subscribe("#", 1)
        self.client.on_subscribe = lambda *ignored: self.ready.set()
        if broker.login:
            self.client.username_pw_set(*broker.login)
        if broker.tls:
            self.client.tls_set(str(broker.folder / "ca.pem"))
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()
        assert self.ready.wait(10)

    def of(self, topic: str) -> list[str]:
        return [payload for at, payload, _ in self.heard if at == topic]

    def last(self, topic: str) -> str | None:
        return next(iter(self.of(topic)[::-1]), None)

    def say(self, topic: str, payload: bytes | str, retain: bool = False) -> None:
        self.client.publish(topic, payload, 1, retain).wait_for_publish(10)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def until(true: Callable[[], object], what: str, seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.02)


def make_certificates(folder: Path) -> None:
    """Make an authority and a certificate of 127.0.0.1 that it has signed."""
    (folder / "of").write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
    new = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    for line in (
        f"req -x509 {new} -keyout ca.key -out ca.pem -subj /CN=home -days 9",
        f"req {new} -keyout server.key -out server.csr -subj /CN=broker",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 9 -extfile of",
    ):
        subprocess.run(["openssl", *line.split()], cwd=folder, check=True, capture_output=True)
