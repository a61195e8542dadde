"""Reproductions: each printed figure of a paper beside ours, with a computed verdict."""
