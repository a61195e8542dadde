"""The certificate and the branch-flow MISOCP prove the same: two methods, no shared idea."""

import pytest
from siting_cases import paper_case

from problems.siting.certificate import certify

pytest.importorskip("pyscipopt")
solve_misocp = pytest.importorskip("siting_misocp").solve_misocp


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "free", "floor", "banks"),
    [
        ("ieee33", False, 0.0, 4),
        ("ieee33", True, 0.0, 4),
        ("ieee33", False, 0.95, 4),
        ("ieee69", False, 0.0, 4),
        ("ieee69", False, 0.95, 4),
    ],
)
def test_both_methods_agree(name, free, floor, banks):
    case = paper_case(name, free=free, floor=floor, max_banks=banks)
    answer = certify(case, gap=1e-5)
    bound_usd, relaxed_usd, cone_gap = solve_misocp(case, gap=1e-5, limit_s=240.0)
    assert cone_gap < 1e-5
    # each bound is above each plan, and both have closed: all four figures lie together
    assert bound_usd >= answer.npv_usd * (1.0 - 1e-5)
    assert answer.bound_usd >= relaxed_usd * (1.0 - 1e-4)
    assert answer.bound_usd == pytest.approx(bound_usd, rel=2e-4)


def test_both_methods_agree_on_one_bank():
    case = paper_case("ieee33", max_banks=1)
    answer = certify(case, gap=1e-5)
    bound_usd, _, _ = solve_misocp(case, gap=1e-5, limit_s=60.0)
    assert answer.bound_usd == pytest.approx(bound_usd, rel=2e-4)
