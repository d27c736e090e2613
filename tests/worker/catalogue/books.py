"""Workbooks and statements that tests make, as people make them."""

# ruff: noqa: RUF001 - full-width signs are what such tables are written with

import io
from collections.abc import Sequence
from typing import Any

import xlsxwriter

Rows = Sequence[Sequence[Any]]


def workbook(*sheets: tuple[str, Rows], merged: Sequence[str] = (), hidden: Sequence[str] = ()) -> bytes:
    """An Excel workbook; *merged* blocks of its first sheet say what their first cell says."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "yyyy-mm-dd"})
    for place, (name, rows) in enumerate(sheets):
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        for block in merged if place == 0 else ():
            first = block.split(":")[0]
            row, column = int(first[1:]) - 1, ord(first[0]) - 65
            sheet.merge_range(block, rows[row][column])
        if name in hidden:
            sheet.hide()
    book.close()
    return out.getvalue()


ENGLISH: Rows = [
    ["Consolidated figures (in thousands of USD)"],
    ["Item", "2021", "2022", "2023"],
    ["Revenue", 1000, 1100, 1300],
    ["Cost of goods sold", 600, 670, 900],
    ["Gross profit", 400, 430, 400],
    ["Operating profit", 200, 210, 60],
    ["Profit before tax", 180, 190, 40],
    ["Income tax", 45, 47, 10],
    ["Net income", 135, 143, -30],
    ["Total assets", 2000, 2100, 2400],
    ["Inventory", 100, 105, 390],
    ["Total liabilities", 1200, 1250, 1450],
    ["Shareholders’ equity", 800, 850, 900],
]
CHINESE: Rows = [
    ["某某股份有限公司合并报表"],
    ["单位：万元"],
    ["项目", "2023年", "2022年", "2021年"],
    ["一、营业收入", "12,345.6", "11,000", "10,000"],
    ["减：营业成本", "8,000", "7,000", "6,500"],
    ["二、营业利润", "1,500", "1,600", "1,400"],
    ["四、净利润（净亏损以“－”号填列）", "（120）", "1,200", "1,050"],
    ["流动资产：", "", "", ""],
    ["存货", "900", "850", "800"],
    ["资产总计", "25,000", "24,000", "22,000"],
    ["负债合计", "12,000", "12,000", "11,000"],
    ["所有者权益合计", "11,000", "12,000", "11,000"],
]
