"""What a machine says of its power, in trees laid out as the drivers' documentation and people's boards have them."""

import os
import random
import tempfile
from pathlib import Path

import pytest

from deepthink.flow.energy_sources import find_source, pmic_watts

NANO = {  # JetPack 4.6 on a Nano: one chip, 6-0040, in milliwatts
    "rail_name_0": "POM_5V_IN", "in_power0_input": "3427", "in_voltage0_input": "5016", "in_current0_input": "680",
    "rail_name_1": "POM_5V_GPU", "in_power1_input": "163", "rail_name_2": "POM_5V_CPU", "in_power2_input": "1103",
}  # fmt: skip
ORIN_NANO = {  # JetPack 6 on an Orin Nano: millivolts and milliamperes, in4 to in6 across the shunts, in7 their sum
    "name": "ina3221", "in1_label": "VDD_IN", "in1_input": "5024", "curr1_input": "1104", "in1_enable": "1",
    "in2_label": "VDD_CPU_GPU_CV", "in2_input": "5016", "curr2_input": "136",
    "in3_label": "VDD_SOC", "in3_input": "5016", "curr3_input": "288", "in4_input": "5520", "in5_input": "680",
    "in6_input": "1440", "in7_input": "7640", "in7_label": "sum of shunt voltages", "curr4_input": "1528",
}  # fmt: skip
AGX_ORIN = {
    "name": "ina3221", "in1_label": "VDD_GPU_SOC", "in1_input": "19928", "curr1_input": "160",
    "in2_label": "VDD_CPU_CV", "in2_input": "19928", "curr2_input": "40",
    "in3_label": "VIN_SYS_5V0", "in3_input": "4992", "curr3_input": "760", "in7_label": "sum of shunt voltages",
}  # fmt: skip
PMIC = """ 3V7_WL_SW_A current(0)=0.00195186A
   3V3_SYS_A current(1)=0.12687090A
   1V8_SYS_A current(2)=0.18835450A
  DDR_VDD2_A current(3)=0.02147046A
  VDD_CORE_A current(7)=0.56259000A
 3V7_WL_SW_V volt(8)=3.70720000V
   3V3_SYS_V volt(9)=3.32580900V
   1V8_SYS_V volt(10)=1.80415000V
  DDR_VDD2_V volt(11)=1.11135400V
  VDD_CORE_V volt(15)=0.76798460V
     EXT5V_V volt(24)=5.14158000V
      BATT_V volt(25)=3.28033900V
"""  # a Raspberry Pi 5, some rails left out


def lay(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(f"{content}\n")
    return folder


def nano(root):
    return lay(root / "sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0", NANO)


def zone(root, place, name, energy, most=262143328850):
    files = {"name": name, "energy_uj": energy, "max_energy_range_uj": most}
    return lay(root / "sys/class/powercap" / place, files)


def laptop(root):
    """An Intel laptop: a package with its parts, the platform, and the second way to the package's counter."""
    for part, name in enumerate(("core", "uncore", "dram")):
        zone(root, f"intel-rapl:0:{part}", name, 7)
    zone(root, "intel-rapl-mmio:0", "package-0", 1000)
    return zone(root, "intel-rapl:0", "package-0", 1000)


def found(root, pmic=""):
    return find_source(root, lambda: pmic)


def test_a_nano_counts_what_goes_into_the_board_and_not_its_parts_again(tmp_path):
    nano(tmp_path)
    source, why = found(tmp_path)
    assert (source.name, source.read(), why) == ("INA3221, rail POM_5V_IN", (3.427,), "")


def test_a_tx2_of_an_older_jetpack_is_found_by_its_other_folder(tmp_path):
    parts = {"rail_name_0": "VDD_SYS_GPU", "in_power0_input": "152"}
    lay(tmp_path / "sys/bus/i2c/drivers/ina3221x/0-0040/iio_device", parts)
    whole = {"rail_name_0": "VDD_IN", "in_power0_input": "2214"}
    lay(tmp_path / "sys/bus/i2c/drivers/ina3221x/0-0041/iio_device", whole)
    assert found(tmp_path).source.read() == (2.214,)


def test_a_jetson_of_jetpack_6_multiplies_volts_by_amperes(tmp_path):
    lay(tmp_path / "sys/class/hwmon/hwmon0", {"name": "tmp102", "in1_label": "VDD_IN"})
    lay(tmp_path / "sys/devices/platform/bus@0/c240000.i2c/i2c-1/1-0040/hwmon/hwmon3", ORIN_NANO)
    (tmp_path / "sys/class/hwmon/hwmon3").symlink_to(
        tmp_path / "sys/devices/platform/bus@0/c240000.i2c/i2c-1/1-0040/hwmon/hwmon3"
    )
    source = found(tmp_path).source
    assert source.name == "INA3221, rail VDD_IN"
    assert source.read() == pytest.approx((5.024 * 1.104,))


def test_rails_of_which_none_is_the_whole_are_not_taken_for_it(tmp_path):
    lay(tmp_path / "sys/class/hwmon/hwmon4", AGX_ORIN)
    source, why = found(tmp_path)
    assert source is None
    assert why.startswith("its sensors see VDD_CPU_CV, VDD_GPU_SOC, VIN_SYS_5V0, and none")


def test_rapl_counts_packages_once(tmp_path):
    package = laptop(tmp_path)
    other = zone(tmp_path, "intel-rapl:1", "package-1", 5000)
    source = found(tmp_path).source
    before = source.read()
    (package / "energy_uj").write_text("3001000\n")
    (other / "energy_uj").write_text("1005000\n")
    assert source.name == "RAPL, processor packages"
    assert source.joules(before, source.read(), 1.0) == pytest.approx(4.0)


def test_the_whole_platform_stands_for_the_packages_where_it_counts(tmp_path):
    laptop(tmp_path)
    platform = zone(tmp_path, "intel-rapl:1", "psys", 0)
    assert found(tmp_path).source.name == "RAPL, processor packages"  # not connected on many boards: it stays at 0
    (platform / "energy_uj").write_text("77\n")
    assert found(tmp_path).source.zones == (platform,)


def test_a_counter_that_is_full_begins_again(tmp_path):
    package = zone(tmp_path, "intel-rapl:0", "package-0", 65_532_000_000, most=65_532_610_987)
    source = found(tmp_path).source
    before = source.read()
    (package / "energy_uj").write_text("4389013\n")
    assert source.joules(before, source.read(), 1.0) == pytest.approx(5.0)
    (package / "max_energy_range_uj").unlink()
    assert source.joules(before, source.read(), 1.0) < 0


def test_a_counter_for_root_alone_is_unknown_and_says_so():
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are open to nobody else
        root, me = Path(folder), os.geteuid()
        root.chmod(0o755)
        (laptop(root) / "energy_uj").chmod(0o400 if me == 0 else 0)
        os.seteuid(65534 if me == 0 else me)
        try:
            source, why = found(root)
        finally:
            os.seteuid(me)
    assert source is None
    assert "root alone" in why


def test_a_raspberry_pi_5_adds_the_rails_that_have_both(tmp_path):
    wanted = sum(u * i for u, i in ((3.7072, 0.00195186), (3.325809, 0.1268709), (1.80415, 0.1883545)))
    wanted += 1.111354 * 0.02147046 + 0.7679846 * 0.56259
    assert found(tmp_path, PMIC).source.read() == pytest.approx((wanted,))
    assert pmic_watts('error=1 error_msg="Command not registered"') is None


def test_a_machine_without_sensors_says_that_it_has_none(tmp_path):
    assert found(tmp_path) == (None, "it has no power sensor that is known here")
    assert find_source().source is None or find_source().source.read()  # and this one raises nothing


@pytest.mark.parametrize("lay_out", [nano, laptop, lambda root: lay(root / "sys/class/hwmon/hwmon1", ORIN_NANO)])
def test_whatever_its_files_say_nothing_is_raised_and_nothing_is_below_zero(lay_out, tmp_path):
    folder, luck = lay_out(tmp_path), random.Random(9)
    nonsense = [b"", b"-5\n", b"1e9\n", b"nan", b"\xff\xfe", b"9" * 5000, "\u0661\u0662".encode(), b"3427\n", b"12 34"]
    source = found(tmp_path).source
    for _ in range(300):
        path = luck.choice(sorted(folder.glob("*_*")) or [folder / "name"])
        luck.choice([lambda p: p.unlink(missing_ok=True), lambda p: p.write_bytes(luck.choice(nonsense))])(path)
        found(tmp_path)
        value = source.read()
        assert value is None or min(value) >= 0
        for name, content in {**NANO, **ORIN_NANO, "energy_uj": "1000"}.items():
            if (folder / name).exists() is False and luck.random() < 0.1:
                (folder / name).write_text(content)
