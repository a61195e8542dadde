"""Owns the prices of a staged study."""

from __future__ import annotations

from dataclasses import dataclass

from problems.staged.checks import check, check_number


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Hold every price in RMB; an `_om` figure is a share of the investment a year."""

    discount_rate: float
    line_per_km: float
    transformer_per_kva: float
    storage_per_kwh: float
    storage_per_kw: float
    basic_pile: float
    smart_pile: float
    v2g_pile: float
    communication_per_station: float
    grid_om: float
    storage_om: float
    charger_om: float
    loss_per_kwh: float
    curtailment_per_kwh: float
    lost_load_per_kwh: float
    unserved_charging_per_kwh: float
    conversion_loss_per_kwh: float
    storage_throughput_per_kwh: float
    v2g_throughput_per_kwh: float
    line_life_years: float
    transformer_life_years: float
    storage_life_years: float
    charger_life_years: float
    has_residual_value: bool = False
    has_energy_purchase: bool = False

    def __post_init__(self) -> None:
        for name in PriceTable.__dataclass_fields__:
            value = getattr(self, name)
            if isinstance(value, bool):
                continue
            if name.endswith("life_years"):
                check(value > 0.0, f"prices: {name} must be positive, not {value}")
            elif name.endswith("_om") or name == "discount_rate":
                check_number(f"prices: {name}", value, 0.0, 1.0)
            else:
                check_number(f"prices: {name}", value)
        for name in ("smart_pile", "v2g_pile"):
            check(
                getattr(self, name) >= self.basic_pile,
                f"prices: {name} must not be below basic_pile = {self.basic_pile:g}",
            )
