"""Tables in and out: what offices keep in Excel and CSV files."""

from papers.reading import MOST_ROWS, Row, read
from papers.writing import Cell, Table, to_csv, to_xlsx

__all__ = ["MOST_ROWS", "Cell", "Row", "Table", "read", "to_csv", "to_xlsx"]
