"""Settings in files: every command's can be written and read, and what is wrong is named."""

import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from problems.cli.app import app
from problems.cli.asked import asked
from problems.cli.config import key_of, read_settings, study_data, write_settings

COMMANDS = get_command(app).commands  # type: ignore[attr-defined]
OWN_DATA = ("outlook", "stage")


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - set(OWN_DATA)))
def test_every_command_writes_and_reads_its_settings(name: str, tmp_path: Path) -> None:
    command, file = COMMANDS[name], tmp_path / "settings.toml"
    names = {parameter.name for parameter in command.params}
    assert {"config", "write_config"} <= names
    write_settings(file, command, {})
    text = file.read_text()
    assert set(tomllib.loads(text)) == {name}
    found = read_settings(file, command)
    for parameter in command.params:
        if parameter.name in found:
            assert found[parameter.name] == parameter.default
        if parameter.required:
            assert f"# {key_of(parameter)} =" in text


def test_a_file_repeats_a_study(feederlab: Any) -> None:
    words = ("--seed", "3", "--evaluations", "60", "--v-min", "0.9", "--station-buses", "2,19")
    feederlab("site", "ieee33", *words, "--certify", "--write-config", "c.toml", "--out", "a")
    found = tomllib.loads(Path("c.toml").read_text())["site"]
    assert found["v_min_pu"] == 0.9
    assert found["certify"] is True
    again = feederlab("site", "--config", "c.toml", "--out", "b", "--json")
    assert again.code == 0
    assert Path("a/report.html").read_bytes() == Path("b/report.html").read_bytes()


def test_what_is_typed_wins(feederlab: Any) -> None:
    Path("c.toml").write_text('feeder = "ieee33"\nload_scale = 2.0\nadd = ["18:500"]\n')
    plain = feederlab("flow", "ieee33", "--load-scale", "2", "--add", "18:500", "--json").json
    assert feederlab("flow", "--config", "c.toml", "--json").json == plain
    other = feederlab("flow", "ieee69", "--config", "c.toml", "--load-scale", "1", "--json").json
    assert other["feeder"] == "ieee69"
    assert other == feederlab("flow", "ieee69", "--add", "18:500", "--json").json


def test_lists_flags_and_tables_of_other_commands(feederlab: Any) -> None:
    Path("c.toml").write_text(
        '[flow]\nfeeder = "ieee33"\nangles = true\nzip = "0,0,1"\n\n'
        '[site]\nfeeder = "ieee33"\nseed = 1\nstation-buses = ["2", "19"]\nevaluations = 30\n'
        "v_min = 0\n"
    )
    assert len(feederlab("flow", "--config", "c.toml", "--json").json["buses"]) == 33
    sited = feederlab("site", "--config", "c.toml", "--out", "a", "--json").json
    assert {station["bus"] for station in sited["stations"]} == {"2", "19"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("statoins = 3", "unknown key 'statoins' (did you mean stations?)"),
        ("[site]\nv_mim_pu = 0.9", "site: unknown key 'v_mim_pu' (did you mean v_min_pu?)"),
        ("[sit]\nseed = 1", "unknown key 'sit' (did you mean site?)"),
        ("evaluations = 1.5", "evaluations must be a whole number, not 1.5"),
        ('station_kw = "much"', "station_kw must be a number, not 'much'"),
        ("certify = 1", "certify must be true or false, not 1"),
        ("seed = true", "seed must be a whole number, not True"),
        ("engine = 3", "engine must be text, not 3"),
        ("v_min = 0.9\nv_min_pu = 0.9", "are the same setting"),
        ("site = 4", "unknown key 'site'"),
        ("seed =", "not TOML"),
    ],
)
def test_wrong_files_are_named(feederlab: Any, content: str, message: str) -> None:
    Path("c.toml").write_text(content + "\n")
    answer = feederlab("site", "ieee33", "--config", "c.toml", "--json")
    assert answer.code == 1
    assert message in answer.err
    assert "c.toml" in answer.err
    assert not answer.out


def test_out_of_range_is_a_wrong_command_line(feederlab: Any) -> None:
    Path("c.toml").write_text("evaluations = 0\nseed = 1\n")
    answer = feederlab("site", "ieee33", "--config", "c.toml")
    assert answer.code == 2
    assert "--evaluations" in answer.err
    assert feederlab("site", "ieee33", "--config", "lost.toml").code == 1


def test_a_template_without_what_is_required(feederlab: Any) -> None:
    answer = feederlab("compare", "--write-config", "c.toml")
    assert answer.code == 0
    assert "Missing" in answer.err
    text = Path("c.toml").read_text()
    assert "# seed =" in text
    assert 'engines = "ga,pso,hgapso"' in text
    assert feederlab("compare").code == 2


def test_data_of_a_command_stands_beside_its_settings(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('basis = "assumed"\n[outlook]\npv_ratio = 0.5\n[[stages]]\nyears = 3\n')
    assert study_data(file, "outlook") == {"basis": "assumed", "stages": [{"years": 3}]}
    assert read_settings(file, COMMANDS["outlook"], has_data=True) == {"pv_ratio": 0.5}


@pytest.mark.parametrize(
    "words",
    [
        ["flow", "ieee33"],
        ["flow", "ieee33", "--load-scale", "1.5", "--add", "18:500", "--add", "17:-3", "--angles"],
        ["compare", "ieee33", "ieee69", "--seed", "1", "--v-min", "0.0"],
        ["site", "a feeder", "--seed", "2", "--certify"],
    ],
)
def test_a_command_knows_what_it_was_asked(words: list[str]) -> None:
    command = COMMANDS[words[0]]
    command.make_context(words[0], [*words[1:], "--json"])
    first = asked()
    assert sorted(shlex.split(first)) == sorted(["feederlab", *words])
    command.make_context(words[0], shlex.split(first)[2:])
    assert asked() == first


def test_outlook_reads_settings_and_data_from_one_file(feederlab: Any) -> None:
    words = ("outlook", "ieee33", "--pv-ratio", "0.4", "--ev-penetration", "0.2")
    plain = feederlab(*words, "--json")
    assert plain.code == 0
    assert feederlab(*words, "--write-config", "study.toml").code == 0
    found = tomllib.loads(Path("study.toml").read_text())
    assert found["outlook"]["pv_ratio"] == 0.4
    assert feederlab("outlook", "--config", "study.toml", "--json").json == plain.json
    other = feederlab("outlook", "--config", "study.toml", "--pv-ratio", "0.0", "--json").json
    assert other != plain.json
