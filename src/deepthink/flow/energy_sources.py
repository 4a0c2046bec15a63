"""Where this machine says what it draws: a Jetson's INA3221, RAPL's counters on x86, a Raspberry Pi 5's power chip."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from deepthink.deployment.node.health import said

INPUTS = ("VDD_IN", "POM_5V_IN", "VIN")  # what goes into the board; the other rails are parts of it
_PMIC = re.compile(r"^\s*(\S+)_([AV])\s+(?:current|volt)\(\d+\)=(\d+(?:\.\d+)?)[AV]\s*$", re.MULTILINE)
Values = tuple[float, ...]


class Source(Protocol):
    """Something that power or energy can be read from; it changes nothing and raises nothing."""

    @property
    def name(self) -> str:
        """What it is, and what of the machine it sees."""

    @property
    def every(self) -> float:
        """Seconds between two readings."""

    @property
    def gap(self) -> float:
        """Seconds; over a longer silence nothing is reckoned."""

    def read(self) -> Values | None:
        """Return what it says now; None where it says nothing."""

    def joules(self, before: Values, after: Values, seconds: float) -> float:
        """Return the energy between two readings; below 0 where that cannot be said."""


class Found(NamedTuple):
    """The source of this machine, or why there is none."""

    source: Source | None
    why: str = ""


@dataclass(frozen=True)
class Sensor:
    """Says watts; between two readings the power is taken to go straight from one to the other."""

    name: str
    watts: Callable[[], float | None]
    every: float = 2.0
    gap: float = 10.0

    def read(self) -> Values | None:
        """Return the watts of now."""
        found = self.watts()
        return None if found is None else (found,)

    def joules(self, before: Values, after: Values, seconds: float) -> float:
        """Return the area below a straight line from one reading to the next."""
        return seconds * (before[0] + after[0]) / 2


@dataclass(frozen=True)
class Counter:
    """Counts microjoules in one zone or several, each from 0 again when it is full."""

    name: str
    zones: tuple[Path, ...]
    every: float = 20.0
    gap: float = 60.0  # the smallest range, 65.5 kJ, lasts a minute at 1,092 W

    def read(self) -> Values | None:
        """Return the count and the range of each zone."""
        counts = [number(zone / name) for zone in self.zones for name in ("energy_uj", "max_energy_range_uj")]
        return None if None in counts[::2] else tuple(count or 0 for count in counts)

    def joules(self, before: Values, after: Values, seconds: float) -> float:
        """Return the sum of the differences; one that has begun anew without a known range is not reckoned."""
        steps = [now - then for then, now in zip(before[::2], after[::2], strict=True)]
        whole = [step if step >= 0 else step + most for step, most in zip(steps, after[1::2], strict=True)]
        return -1.0 if min(whole) < 0 else sum(whole) / 1e6


def find_source(root: Path = Path("/"), pmic: Callable[[], str] = lambda: said("vcgencmd", "pmic_read_adc")) -> Found:
    """Find what says how much power this machine draws.

    Parameters
    ----------
    root : Path
        The root of the file system.
    pmic : callable
        Returns what a Raspberry Pi's ``vcgencmd pmic_read_adc`` prints; nothing where there is none.

    Notes
    -----
    The layouts are those of NVIDIA's drivers: JetPack 4 has
    ``/sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0/{rail_name_0,in_power0_input}``, in milliwatts (Jetson Linux
    Developer Guide 32, "Software-based power consumption modelling"); later ones the kernel's
    ``Documentation/hwmon/ina3221.rst``: ``in1_label``, ``in1_input`` in mV, ``curr1_input`` in mA. That POM_5V_IN and
    VDD_IN are the whole: forums.developer.nvidia.com/t/73608, /t/242804. RAPL: ``Documentation/power/powercap``.
    """
    rails = dict([*_hwmon(root), *_iio(root)])
    inputs = [Sensor(f"INA3221, rail {name}", rails[name]) for name in INPUTS if name in rails]
    if rails:
        why = f"its sensors see {', '.join(sorted(rails))}, and none of these is what goes into the board"
        return Found(inputs[0]) if inputs else Found(None, why)
    if pmic_watts(pmic()) is not None:
        return Found(Sensor("power chip, all its rails", lambda: pmic_watts(pmic()), every=4.0))
    return _rapl(root)


def _iio(root: Path) -> Iterator[tuple[str, Callable[[], float | None]]]:
    """Yield the rails as JetPack 4 and older show them."""
    for path in sorted(root.glob("sys/bus/i2c/drivers/ina3221x/*/iio[:_]device*/rail_name_*")):
        power = path.with_name(f"in_power{path.name.removeprefix('rail_name_')}_input")
        yield text(path), partial(_power, power)


def _hwmon(root: Path) -> Iterator[tuple[str, Callable[[], float | None]]]:
    """Yield the rails as JetPack 5 and later show them; in7 is a sum of voltages across shunts, and no rail."""
    for chip in sorted(root.glob("sys/class/hwmon/hwmon*")):
        if text(chip / "name") == "ina3221":
            for path in sorted(chip.glob("in[123]_label")):
                volts, amperes = chip / f"in{path.name[2]}_input", chip / f"curr{path.name[2]}_input"
                yield text(path), partial(_product, volts, amperes)


def _power(milliwatts: Path) -> float | None:
    found = number(milliwatts)
    return None if found is None else found / 1e3


def _product(millivolts: Path, milliamperes: Path) -> float | None:
    volts, amperes = number(millivolts), number(milliamperes)
    return None if volts is None or amperes is None else volts * amperes / 1e6


def _rapl(root: Path) -> Found:
    """Find the counters: of the whole platform (psys) where there is one that counts, else of the processors.

    Sub-zones (core, uncore, dram) and intel-rapl-mmio, a second way to the same counter, are not added.
    """
    zones = sorted(root.glob("sys/class/powercap/intel-rapl:*"))
    named = {zone: text(zone / "name") for zone in zones}
    platform = tuple(zone for zone, name in named.items() if name == "psys" and number(zone / "energy_uj"))
    packages = tuple(zone for zone, name in named.items() if name.startswith("package"))
    if not zones:
        return Found(None, "it has no power sensor that is known here")
    if _forbidden(zones[0] / "energy_uj"):
        return Found(None, "its energy counters can be read by root alone: docs/energy.md")
    counter = Counter("RAPL, whole platform", platform) if platform else Counter("RAPL, processor packages", packages)
    return Found(counter) if counter.zones and counter.read() else Found(None, "its energy counters say nothing")


def _forbidden(path: Path) -> bool:
    try:
        path.open("rb").close()
    except PermissionError:
        return True
    except OSError:
        return False
    return False


def pmic_watts(printed: str) -> float | None:
    r"""Return the sum of the power of all rails of a Raspberry Pi 5 that have both a voltage and a current.

    Examples
    --------
    >>> pmic_watts(" VDD_CORE_A current(7)=2.00000000A\n VDD_CORE_V volt(15)=0.75000000V\n EXT5V_V volt(24)=5.1V")
    1.5
    """
    found = {(rail, unit): float(value) for rail, unit, value in _PMIC.findall(printed)}
    rails = [rail for rail, unit in found if unit == "A" and (rail, "V") in found]
    return sum(found[rail, "A"] * found[rail, "V"] for rail in rails) if rails else None


def text(path: Path) -> str:
    """Return what a file of the system says, without space around it; nothing when it cannot be read."""
    try:
        return path.read_bytes().decode("ascii", "replace").strip()
    except OSError:
        return ""


def number(path: Path) -> int | None:
    """Return the number that a file of the system says; None when it says none, or one below 0."""
    said = text(path)
    return int(said) if said.isascii() and said.isdigit() and len(said) < 20 else None
