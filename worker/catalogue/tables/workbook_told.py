"""What is said of how a workbook was read."""

from collections.abc import Iterator

from worker.catalogue.tables.grid import Layout
from worker.catalogue.tables.sheets import Extent, Sheet
from worker.catalogue.wording.tongue import say
from worker.catalogue.wording.words import count, listing, shown


def sheets_told(read: Sheet, sheets: list[Sheet]) -> Iterator[str]:
    """Which sheet was read, and which were not."""
    yield say("The sheet “{sheet}” was read; a line is a row of it.", sheet=shown(read.name, 40))
    for hidden, words in ((False, "Not read: {sheets}."), (True, "Hidden, and not read: {sheets}.")):
        rest = [f"“{shown(sheet.name, 40)}”" for sheet in sheets if sheet != read and sheet.hidden is hidden]
        if rest:
            yield say(words, sheets=listing(rest))


def layout_told(layout: Layout, extent: Extent, notes: int) -> Iterator[str]:
    """What stands around the table, and what was made of odd cells; *notes* are the rows below it."""
    if layout.headless:
        yield say("The first row looks like data, so the columns are called column 1, column 2 and so on.")
    if layout.titles:
        yield say(
            "Above the header stands: {titles}.", titles=listing([f"“{shown(title)}”" for title in layout.titles])
        )
    if notes:
        yield say("{rows} below the table with one cell only were taken for notes.", rows=count(notes, "row"))
    if extent.merged:
        yield say(
            "{blocks} read as if each of its cells said the same.",
            blocks=count(len(extent.merged), "merged block was", "merged blocks were"),
        )
    if extent.errors:
        yield say(
            "{formulas} an error and count as missing.", formulas=count(extent.errors, "formula gave", "formulas gave")
        )
