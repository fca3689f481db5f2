"""Spreadsheet files from outside: the door that checks them, and their cells as they are."""
