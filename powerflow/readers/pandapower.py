"""Owns reading a pandapower network, from its JSON file or the object itself."""

from __future__ import annotations

import json
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

from powerflow.checks import quote
from powerflow.errors import FeederError
from powerflow.loops import Opening
from powerflow.readers.extra import import_extra
from powerflow.readers.network import Bus, Network, Reading, Report
from powerflow.readers.pandapower_branches import add_impedances, add_line, add_switches
from powerflow.readers.pandapower_loads import add_loads
from powerflow.readers.pandapower_rows import in_service
from powerflow.readers.pandapower_transformers import add_transformer
from powerflow.readers.reduce import to_reading

ABSENT = ("trafo3w", "dcline", "svc", "tcsc", "ssc", "vsc", "b2b_vsc", "line_dc", "bus_dc")
"""Elements that this reader has no place for; those in service are reported."""


def read_pandapower_json(path: Path, opening: Opening) -> Reading:
    """Read a pandapower network from the JSON file that `pandapower.to_json` writes.

    Raises
    ------
    FeederError
        If the file is none, if the extra is not installed, or as `read_pandapower` says.
    """
    pandapower = import_extra("pandapower", "pandapower", f"{path}: a pandapower network")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            net = pandapower.from_json(str(path))
    except Exception as error:  # the package raises whatever it stumbles over
        raise FeederError(f"{path}: {_fault(path, error)}") from None
    if not is_pandapower(net):
        raise FeederError(f"{path}: is not a pandapower network")
    return read_pandapower(net, opening, str(path), path.stem)


def _fault(path: Path, error: Exception) -> str:
    """Return why a file cannot be read: what it is instead, or what the package says of it."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        return "cannot be read as a pandapower network (not UTF-8 text)"
    except json.JSONDecodeError as slip:
        place = f"line {slip.lineno} column {slip.colno}"
        return f"cannot be read as a pandapower network (not JSON, {place}: {slip.msg})"
    except (OSError, RecursionError) as slip:
        reason = getattr(slip, "strerror", None) or "nested too deeply"
        return f"cannot be read as a pandapower network ({reason})"
    if isinstance(content, dict) and {"_class", "_module"} <= content.keys():
        said = quote(" ".join(str(error).split()), 200)
        return f"cannot be read as a pandapower network (pandapower says: {said})"
    if isinstance(content, dict) and "feeder" in content and {"assets", "method"} & content.keys():
        return "a plan, not a network"
    return "is not a pandapower network"


def is_pandapower(given: object) -> bool:
    """Return whether an object is a pandapower network, without importing pandapower."""
    return all(hasattr(given, table) for table in ("bus", "line", "load", "ext_grid", "switch"))


def read_pandapower(
    net: Any, opening: Opening, place: str = "pandapower network", name: str = ""
) -> Reading:
    """Read a pandapower network as a radial feeder.

    Its one external grid is the source. Generators feed in what they are set to and hold no
    voltage; unbalanced loads are summed over the phases.

    Parameters
    ----------
    net : pandapowerNet
    opening : Opening
    place : str
        What to call it in errors.
    name : str
        Name of the feeder where the network has none.

    Raises
    ------
    FeederError
        Naming the element, and what was expected.
    """
    report = Report()
    labels = _labels(net, report)
    buses = {labels[k]: _bus(net, k) for k in labels}
    held_pu = {
        labels[row.bus]: float(row.vm_pu)
        for _, row in in_service(net, "ext_grid")
        if row.bus in labels
    }
    if not held_pu:
        raise FeederError(f"{place}, ext_grid: no external grid in service")
    network = Network(
        str(getattr(net, "name", "") or name or "pandapower"),
        place,
        held_pu,
        buses,
        [],
        report,
    )
    for table in ABSENT:
        for index, _ in in_service(net, table):
            report.dropped.append(f"{table} {index}: not modeled")
            report.warnings.append(f"{table} {index} is not modeled and left out")
    open_ends = add_switches(net, labels, network)
    for index, line in in_service(net, "line"):
        add_line(net, index, line, labels, network, open_ends.get(("l", index)))
    for index, trafo in in_service(net, "trafo"):
        hv, lv = labels.get(trafo.hv_bus), labels.get(trafo.lv_bus)
        if hv is None or lv is None or open_ends.get(("t", index)):
            network.report.dropped.append(f"trafo {index} ({hv}:{lv}): open")
        else:
            add_transformer(index, trafo, hv, lv, network)
    add_impedances(net, labels, network)
    add_loads(net, labels, network)
    return to_reading(network, opening)


def _labels(net: Any, report: Report) -> dict[int, str]:
    """Return the label of each bus in service: its name if names differ, else its index."""
    rows = list(in_service(net, "bus"))
    names = [str(row.name).strip() if row.name is not None else "" for _, row in rows]
    if len(set(names)) == len(names) and all(n.isprintable() and n for n in names):
        labels = {index: label for (index, _), label in zip(rows, names, strict=True)}
    else:
        labels = {index: str(index) for index, _ in rows}
    n_out = len(net.bus) - len(rows)
    if n_out:
        report.dropped.append(f"{n_out} buses out of service")
    return labels


def _bus(net: Any, index: int) -> Bus:
    bus = Bus(float(net.bus.at[index, "vn_kv"]))
    geo = net.bus.at[index, "geo"] if "geo" in net.bus.columns else None
    if isinstance(geo, str) and geo:
        with suppress(ValueError, KeyError, TypeError):  # a drawing is not worth an error
            bus.x, bus.y = (float(part) for part in json.loads(geo)["coordinates"][:2])
    return bus
