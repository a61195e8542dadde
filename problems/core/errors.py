"""Owns the two errors a user can cause: wrong content of a file, and a setting out of range."""


class ContentError(ValueError):
    """Say what is wrong in a user's file: its name, the row or key, and what was expected."""


class SettingError(ValueError):
    """Say which setting is out of range or contradicts another, and what was expected."""
