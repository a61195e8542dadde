"""Owns what the acceptance paper prints: Tables 1 to 3 and the numbers of its text."""

TABLE_2_3 = {
    (0, 1): {"ESS": 105.52, "SVG": 114.59, "PV": 6.01},
    (0, 2): {"ESS": 31.48, "SVG": 29.35, "PV": 0.28},
    (1, 1): {"ESS": 111.76, "SVG": 124.6, "PV": 6.0},
    (1, 2): {"ESS": 32.76, "SVG": 31.8, "PV": 0.29},
}
"""Mean growth in percent by table (0: 4 MW, 1: 6 MW) and type. Its text says 111.76 of SVG, type 1,
6 MW, where the table has 124.6."""

TEXT_SVG_TYPE1_6MW_PCT = 111.76

TABLE_1 = {
    1: (0.4, 0.6, 0.4, 0.2, 0.4, 0.8, 4.0),
    2: (0.6, 0.8, 0.4, 0.2, 0.4, 0.8, 4.0),
    3: (0.4, 0.6, 0.6, 0.3, 0.4, 0.8, 4.0),
    4: (0.4, 0.6, 0.4, 0.2, 0.8, 1.6, 4.0),
    5: (0.4, 0.6, 0.4, 0.2, 0.4, 0.8, 6.0),
    6: (0.6, 0.8, 0.4, 0.2, 0.4, 0.8, 6.0),
    7: (0.6, 0.8, 0.6, 0.3, 0.4, 0.8, 6.0),
    8: (0.4, 0.6, 0.4, 0.2, 0.8, 1.6, 6.0),
}
"""SVG 1, SVG 2 (Mvar), ESS (MWh, MW), PV 1 and 2, PV 3 (read as MW), line limit (MW)."""

COLUMNS = ("SVG 1", "SVG 2", "ESS energy", "ESS power", "PV 1, 2", "PV 3", "limit")

LARGEST_MW = {1: 2.0, 2: 2.5}
"""Largest capacity in the first four scenarios, by type."""

LARGEST_GROWTH = 0.9
"""By how much the largest grow at least with the higher line limit."""

EXCEEDED_MW = 1.2
"""Capacity of an earlier study that both types are said to exceed."""
