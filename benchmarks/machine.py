"""Owns what is said of the machine: its class, its load and the versions, never its name."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_WIDEST_FIRST = ("avx512f", "avx2", "avx", "sse2", "neon", "asimd")


def machine_class() -> dict[str, Any]:
    """Return the class of the machine: processor, vectors, cores, memory, system."""
    content = {
        "processor": _processor() or platform.processor() or platform.machine(),
        "vectors": widest_vectors(),
        "n_cpu": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
    if hasattr(os, "sysconf"):
        n_byte = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        content["memory_gib"] = round(n_byte / 2**30)
    return content


def widest_vectors() -> str:
    """Return the widest vector instructions that LLVM finds on this processor."""
    from llvmlite import binding

    features = binding.get_host_cpu_features()
    return next((name for name in _WIDEST_FIRST if features.get(name)), "none")


def vector_doubles() -> int:
    """Return how many doubles one vector register holds."""
    return {"avx512f": 8, "avx2": 4, "avx": 4, "sse2": 2, "neon": 2, "asimd": 2}.get(
        widest_vectors(), 1
    )


def load_average() -> float | None:
    """Return the number of processes that wanted a core in the last minute, if it is known."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def in_words(about: Mapping[str, Any]) -> str:
    """Return what machine.json holds as a sentence or two.

    Parameters
    ----------
    about : mapping
        ``machine`` (with ``versions``), ``cores_busy_with_others``, ``load_average_at_end``.
    """
    machine, others = about["machine"], about["cores_busy_with_others"]
    if isinstance(others, Mapping):
        others = ", ".join(f"{case} {cores}" for case, cores in others.items())
    versions_of = ", ".join(f"{name} {found}" for name, found in machine["versions"].items())
    return (
        f"{machine['processor']}, {machine['vectors']}, {machine['n_cpu']} cores, "
        f"{machine.get('memory_gib', '?')} GiB, {machine['system']}, Python {machine['python']}; "
        f"{versions_of}. Cores busy with other programs meanwhile: {others}; load average at the "
        f"end {about['load_average_at_end']}."
    )


class Bystanders:
    """Measure how many cores all other programs kept busy, from its making to each call.

    A load average looks back minutes and counts this program too; this does neither. Programs
    that it started count as its own once they have ended.
    """

    def __init__(self) -> None:
        self._begun = (time.perf_counter(), _busy_seconds(), _own_seconds())

    def cores(self) -> float | None:
        """Return the mean number of cores; None where the system does not count them."""
        wall, busy, own = self._begun
        now = _busy_seconds()
        if busy is None or now is None:
            return None
        others = (now - busy) - (_own_seconds() - own)
        return round(max(0.0, others) / (time.perf_counter() - wall), 2)


def _own_seconds() -> float:
    """Return the CPU seconds of this program and of those it started and waited for."""
    return sum(os.times()[:4])


def _busy_seconds() -> float | None:
    """Return the CPU seconds spent by all programs, and by other guests, since the system began."""
    file = Path("/proc/stat")
    if not file.exists():
        return None
    user, nice, system, _, _, irq, softirq, steal = file.read_text().split()[1:9]
    ticks = sum(map(int, (user, nice, system, irq, softirq, steal)))
    return ticks / os.sysconf("SC_CLK_TCK")


def versions(packages: Sequence[str]) -> dict[str, str]:
    """Return the version of each installed package, or that it is not installed."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _processor() -> str:
    """Return the processor's model name and number where the system tells them."""
    file = Path("/proc/cpuinfo")
    if not file.exists():
        return ""
    known: dict[str, str] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        known.setdefault(key.strip(), value.strip())
    name = known.get("model name", "")
    if "cpu family" in known:
        name += f" (family {known['cpu family']}, model {known.get('model', '?')})"
    return name
