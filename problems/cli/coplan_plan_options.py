"""Owns the options of coplan that say what may be built, by what rule, and how it is searched."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

MethodName = Annotated[
    Literal["vcu", "vmbp", "ddcp", "joint", "uprate", "heuristic"],
    typer.Option(
        "--method",
        help="Cables alone; storage alone; diagnosed bottlenecks, then storage; both together; "
        "a higher voltage, then cables; both together by an engine, without proof.",
    ),
]
RuleName = Annotated[
    Literal["keep", "forced"],
    typer.Option("--rule", help="Overloaded lines may stay if their current in the plan fits."),
]
Margin = Annotated[
    str,
    typer.Option(
        "--margin",
        metavar="X|none",
        help="A new cable's ampacity is at least X times a current of the line.",
    ),
]
MarginOfName = Annotated[
    Literal["relaxed", "own"],
    typer.Option("--margin-of", help="That current: of the unreinforced feeder, or of the plan."),
]
Upgrades = Annotated[
    str, typer.Option("--upgrades", metavar="N|all", help="ddcp: lines that are upgraded.")
]
StageOne = Annotated[
    Literal["lexicographic", "lambda"],
    typer.Option("--stage-one", help="ddcp: least slack, then storage; or the paper's weight."),
]
StorageMin = Annotated[
    float, typer.Option("--storage-min-kwh", min=0.0, help="Least size of a storage unit.")
]
ToKv = Annotated[float | None, typer.Option("--to-kv", help="uprate: the new base voltage, kV.")]
Conversion = Annotated[
    float, typer.Option("--conversion-usd", min=0.0, help="uprate: cost of the conversion itself.")
]
Cables = Annotated[
    str | None,
    typer.Option(
        "--cables",
        metavar="FILE",
        help="CSV or TOML tables of cable: size,ampacity_a,r_ohm_per_km,x_ohm_per_km,"
        "price_usd_per_m. The DDCP paper's if left out.",
    ),
]
Breakers = Annotated[
    str | None,
    typer.Option(
        "--breakers",
        metavar="FILE",
        help="CSV or TOML tables of breaker: type,ampacity_a,price_usd.",
    ),
]
StorageFile = Annotated[
    str | None,
    typer.Option(
        "--storage",
        metavar="FILE",
        help="TOML keys or one CSV row: cost_usd_per_kwh, charge_kw_per_kwh, discharge_kw_per_kwh, "
        "kva_per_discharge_kw, charge_efficiency, discharge_efficiency, soc_min, soc_max, "
        "most_kwh; those left out are the DDCP paper's.",
    ),
]
Gap = Annotated[float | None, typer.Option("--gap", min=0.0, help="Gap to prove, a fraction.")]
Limit = Annotated[float | None, typer.Option("--limit-s", min=0.0, help="Seconds it may take.")]
Engine = Annotated[
    str, typer.Option("--engine", help="heuristic: which engine, as of site; any but exact ones.")
]
Evaluations = Annotated[
    int,
    typer.Option("--evaluations", min=1, help="heuristic: candidates tried for each feeder."),
]
SearchSeed = Annotated[
    int | None, typer.Option("--seed", min=0, help="heuristic: seed of all chance; needed there.")
]
