"""What a study leaves behind: run record, tables and figures."""
