"""The peer of the start-up benchmark: the smallest Typer command that prints a Rich table."""

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer()


@app.command()
def hello(name: str) -> None:
    """Print a table of three rows."""
    table = Table("row", "word")
    for k in range(3):
        table.add_row(str(k), name)
    Console().print(table)


if __name__ == "__main__":
    app()
