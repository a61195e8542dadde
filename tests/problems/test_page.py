"""The report: one file that needs no network, the same bytes for the same record, and its gist."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from powerflow.library import load_feeder
from problems.core.assess import assess
from problems.core.equipment import Asset
from problems.core.errors import ContentError
from problems.core.horizon import Horizon, LoadState
from problems.core.instance import Conditions, Instance
from problems.core.plan import Plan
from problems.report.html import figure_text, in_words, render
from problems.report.page import (
    Figure,
    Page,
    Section,
    Table,
    Verdict,
    picture,
    read_page,
    table_of,
    write_page,
)
from problems.report.plan_sections import plan_sections
from problems.report.plan_verdicts import plan_verdicts
from problems.report.svg import Plot, tick_text, ticks

SITE = ("site", "ieee33", "--seed", "1", "--evaluations", "400", "--v-min", "0.9")


def page_of(*sections: Section, **words: Any) -> Page:
    return Page("A title", "A question?", "An answer.", "A proof.", "feederlab x", (), sections)


def test_studies_write_one_file_that_needs_no_network(feederlab: Any) -> None:
    feederlab(*SITE, "--certify", "--out", "study")
    html = Path("study/report.html").read_text()
    assert "http://" not in html
    assert "https://" not in html
    for words in ("Proven: no plan", "Cash flow by year", "NPV of this plan when one price"):
        assert words in html
    assert len(re.findall("<svg ", html)) == 4  # cash flow, tornado, diagram, profile
    assert html.count("data:image/png;base64,") == 1  # convergence
    assert "--evaluations 400" in html
    assert "Seed: 1." in html
    assert "numpy" in html


def test_what_stands_already_is_drawn_hollow(feederlab: Any) -> None:
    small = ("--stations", "1", "--capacitors", "1", "--evaluations", "60", "--v-min", "0.9")
    feederlab("site", "ieee33", "--seed", "1", *small, "--out", "old")
    feederlab(
        "site", "ieee33", "--seed", "2", *small, "--existing", "old/plan.json", "--out", "new"
    )
    old = json.loads(Path("old/plan.json").read_text())["assets"]
    html = Path("new/report.html").read_text()
    hollow = re.findall(r'<polygon [^>]*fill="#fff" [^>]*data-tip="([^"]*)"', html)
    said = [tip for tip in hollow if "stands already" in tip]
    assert len(said) == len(old)
    for asset in old:
        assert any(f"at bus {asset['bus']}\n" in tip for tip in said)
    assert "station, before" in html
    assert "stands already" not in Path("old/report.html").read_text()


def test_the_same_study_writes_the_same_bytes(feederlab: Any) -> None:
    for name in ("one", "two"):
        feederlab(*SITE, "--out", name)
    one, two = (Path(name, "report.html").read_bytes() for name in ("one", "two"))
    assert one == two
    Path("two/report.html").unlink()
    assert feederlab("report", "two", "--json").json == {"report": "two/report.html"}
    assert Path("two/report.html").read_bytes() == one
    feederlab("resume", "two", "--quiet")
    assert Path("two/report.html").read_bytes() == one


def test_the_command_on_the_page_repeats_the_study(feederlab: Any) -> None:
    limits = ("--capacitors", "2", "--kvar-step", "50", "--exclude-buses", "5,6")
    feederlab(*SITE, *limits, "--engine", "pso", "--out", "one")
    command = feederlab("show", "one", "--json").json["command"].split()
    assert command[0] == "feederlab"
    feederlab(*command[1:], "--out", "two")
    assert Path("one/report.html").read_bytes() == Path("two/report.html").read_bytes()


def test_a_comparison_and_a_front_have_reports(feederlab: Any) -> None:
    budget = ("--seed", "1", "--evaluations", "120", "--runs", "2")
    feederlab("compare", "ieee33", "ieee69", *budget, "--engines", "ga,pso,random", "--out", "race")
    feederlab("pareto", "ieee33", *budget, "--population", "20", "--v-min", "0", "--out", "front")
    race = Path("race/report.html").read_text()
    assert race.count("data:image/png") == 4  # two convergences, targets reached, ranks
    assert "best found on ieee69" in race
    gist = feederlab("show", "front", "--json").json
    assert "not dominated" in gist["answer"]
    assert "nothing proves" in gist["certificate"]
    assert "Every pair of objectives" in Path("front/report.html").read_text()


def test_show_prints_the_gist(feederlab: Any) -> None:
    feederlab(*SITE, "--out", "study")
    shown = feederlab("show", "study").out
    for words in ("Where on ieee33", "Build charging", "✓ holds", "What is built", "repeat: feed"):
        assert words in shown


def test_an_infeasible_answer_is_said_to_be_one(feederlab: Any) -> None:
    words = ("--capacitors", "1", "--evaluations", "60", "--seed", "1", "--out", "study")
    assert feederlab("site", "ieee85", *words).code == 3
    gist = feederlab("show", "study", "--json").json
    assert "violates a limit" in gist["answer"]
    outcomes = {line["statement"]: line["outcome"] for line in gist["verdicts"]}
    assert outcomes["Every voltage is at least 0.95 p.u."] == "fails"
    assert outcomes["All limits together"] == "fails"


def test_folders_without_a_report_say_what_to_do(feederlab: Any) -> None:
    Path("empty").mkdir()
    assert "no record.json" in feederlab("report", "empty").err
    feederlab(*SITE, "--out", "study")
    Path("study/report.json").unlink()
    answer = feederlab("show", "study")
    assert answer.code == 1
    assert "feederlab resume writes it" in answer.err


def test_what_a_user_wrote_is_text_not_markup(tmp_path: Path) -> None:
    evil = '<script>alert("x")</script>'
    table = table_of(evil, [{evil: evil}])
    verdict = Verdict(evil, "open", evil)
    page = page_of(Section(evil, (evil,), (table,), (), (verdict,)))
    html = render(page, tmp_path, {"settings": {evil: evil}, "versions": {evil: evil}})
    assert html.count("<script>") == 1  # the page's own
    assert "alert(&quot;x&quot;)" in html


def test_pages_come_back_from_their_file(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"png")
    rows = [{"bus": "1", "loss_kw": 2.5, "is_ok": True, "gap": None, "n": 3}]
    section = Section("S", ("one", "two"), (table_of("T", rows),), (picture("a.png", "A"),))
    page = page_of(section)
    write_page(tmp_path, page)
    assert read_page(tmp_path) == page
    assert 'loss <span class="unit">(kW)</span>' in (tmp_path / "report.html").read_text()


def test_wrong_pages_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="expected 2 cells, found 1"):
        Table("T", ("a", "b"), ((1,),))
    with pytest.raises(ContentError, match="either a file or an svg"):
        Figure("C", "alt")
    with pytest.raises(ContentError, match=r"lost\.png"):
        write_page(tmp_path, page_of(Section("S", figures=(picture("lost.png", "L"),))))


def test_verdicts_follow_from_the_judge() -> None:
    states = (LoadState("peak", 760.0), LoadState("collapse", 8000.0, 40.0))
    instance = Instance(load_feeder("ieee33"), Conditions(horizon=Horizon(states)))
    plan = Plan.of(instance, (Asset("station", "18", kw=1500.0),))
    assessment = assess(plan, instance)
    outcomes = [line.outcome for line in plan_verdicts(plan, assessment, None)]
    assert outcomes[0] == "fails"
    assert outcomes[-1] == "open"
    (section,) = plan_sections(plan, assessment, instance, None)
    assert not section.figures


def test_numbers_read_well() -> None:
    assert figure_text(1234567.8) == "1,234,568"
    assert figure_text(0.93821) == "0.9382"
    assert figure_text(3.2e-9) == "3.2e-09"
    assert figure_text(0.0) == "0.0000"
    assert figure_text(5000) == "5,000"
    assert [tick_text(t, ticks(0.9, 1.0)) for t in ticks(0.9, 1.0)][:2] == ["0.90", "0.92"]
    assert [tick_text(t, ticks(0.0, 3.4e6)) for t in ticks(0.0, 3.4e6)][1] == "1 M"
    plot = Plot(100.0, 100.0, (0.0, 1.0), (0.0, 1.0), 10.0, 10.0, 10.0, 10.0)
    assert (plot.px(0.0), plot.px(1.0), plot.py(0.0), plot.py(1.0)) == (10.0, 90.0, 90.0, 10.0)


def test_other_currencies_are_named(feederlab: Any) -> None:
    Path("prices.toml").write_text('currency = "BRL"\nenergy_per_kwh = 0.6\n')
    feederlab(*SITE, "--prices", "prices.toml", "--out", "study")
    gist = feederlab("show", "study", "--json").json
    assert "BRL" in gist["answer"]
    assert json.loads(Path("study/report.json").read_text())["title"] == "Siting on ieee33"


def test_a_study_of_any_command_is_repeated_by_its_command(feederlab: Any, tmp_path: Path) -> None:
    feederlab(*SITE, "--out", "study")
    record = json.loads(Path("study/record.json").read_text())
    page = json.loads(Path("study/report.json").read_text())
    for command, code in ((page["command"], 0), (page["command"].replace("seed 1", "seed 2"), 1)):
        Path("study/report.json").write_text(json.dumps({**page, "command": command}))
        Path("study/record.json").write_text(json.dumps({**record, "command": "other"}))
        answer = feederlab("rerun", "study", "--json")
        assert answer.code == 1  # the record was changed, and says so
        assert ("summary.csv" in answer.json["differences"]) == bool(code)
    Path("study/report.json").write_text(json.dumps({**page, "command": "rm -r /"}))
    assert "expected a command of feederlab" in feederlab("rerun", "study").err


def test_a_proof_has_a_report(feederlab: Any) -> None:
    feederlab("certify", "ieee33", "--v-min", "0", "--out", "proof")
    gist = feederlab("show", "proof", "--json").json
    assert gist["answer"].startswith("Build charging")
    assert gist["certificate"].startswith("Proven: no plan")
    assert gist["command"] == "feederlab certify ieee33 --v-min 0.0"
    assert feederlab("rerun", "proof", "--json").json == {"agree": True, "differences": []}


def test_every_limit_asked_for_has_a_verdict(feederlab: Any) -> None:
    limits = ("--budget", "120000", "--min-spacing", "100", "--coverage", "0.01")
    feederlab(*SITE, *limits, "--station-kw", "1500", "--out", "tight")
    lines = json.loads(Path("tight/report.json").read_text())
    words = json.dumps(lines)
    for start in ("The investment is at most 120,000 USD", "Stations are at least 100 ohm apart",
                  "Every bus with demand has a station within 0.01 ohm"):  # fmt: skip
        assert start in words
    gist = feederlab("show", "tight", "--json").json
    assert gist["answer"].startswith("No feasible plan was found on ieee33; the nearest, with")


def test_a_proof_of_infeasibility_reads_as_one(feederlab: Any) -> None:
    small = ("site", "ieee33", "--seed", "1", "--evaluations", "60", "--budget", "1")
    feederlab(*small, "--certify", "--out", "none")
    gist = feederlab("show", "none", "--json").json
    assert gist["certificate"].startswith("Proven: the least investment possible is")
    assert "proven that none does" in Path("none/report.html").read_text()


def test_money_in_any_currency_has_its_unit() -> None:
    assert in_words("investment_eur") == ("investment", "EUR")
    assert in_words("lcc_all") == ("lcc all", "")


def test_a_proof_leaves_a_folder_of_its_own(feederlab: Any) -> None:
    answer = feederlab("certify", "ieee33", "--v-min", "0", "--json").json
    assert (Path(answer["out"]) / "report.html").exists()
    assert Path(answer["out"]).parent == Path("results/runs")
