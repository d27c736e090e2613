"""The items of statements by the names that they go by, in English and in Chinese."""

import re
from collections.abc import Sequence
from enum import StrEnum
from unicodedata import normalize


class Item(StrEnum):
    """What a row of a statement is, as far as ratios need to know."""

    REVENUE = "revenue"
    COST = "cost"
    GROSS = "gross profit"
    OPERATING = "operating profit"
    PRETAX = "profit before tax"
    TAX = "tax"
    NET = "net profit"
    INTEREST = "interest"
    ASSETS = "total assets"
    CURRENT_ASSETS = "current assets"
    FIXED_ASSETS = "non-current assets"
    CASH = "cash"
    RECEIVABLES = "receivables"
    INVENTORY = "inventory"
    LIABILITIES = "total liabilities"
    CURRENT_LIABILITIES = "current liabilities"
    FIXED_LIABILITIES = "non-current liabilities"
    EQUITY = "equity"
    FUNDING = "liabilities and equity"
    FROM_OPERATIONS = "cash from operations"
    FROM_INVESTING = "cash from investing"
    FROM_FINANCING = "cash from financing"
    CASH_CHANGE = "change in cash"


_OWNERS = r"(?:share ?holders'?|stock ?holders'?|owners'?)"
_NAMES = {
    Item.REVENUE: r"(?:total |net )?(?:operating )?(?:revenues?|sales|turnover)"
    r"|(?:主营业务|营业总?)收入|收入(?:总额|合计)",
    Item.COST: r"(?:total )?costs? of (?:goods sold|sales|revenues?)|cogs|cost of products sold|(?:主营业务|营业)成本",
    Item.GROSS: r"gross (?:profit|income)|(?:销售)?毛利(?:润|额)?",
    Item.OPERATING: r"(?:operating (?:profit|income)|(?:profit|income) from operations|ebit)|营业利润",
    Item.PRETAX: r"(?:profit|income|earnings) before (?:income )?tax(?:es|ation)?|pre-?tax (?:profit|income)"
    r"|利润总额|税前利润",
    Item.TAX: r"(?:income )?tax(?:es|ation)?(?: expenses?)?|provision for income taxes|所得税(?:费用)?",
    Item.NET: r"net (?:profit|income|earnings)|(?:profit|income) for the (?:year|period)|profit after tax|净利润",
    Item.INTEREST: r"interest expenses?|finance costs?|利息(?:费用|支出)|财务费用",
    Item.ASSETS: r"total assets|资产(?:总计|总额|合计)|总资产",
    Item.CURRENT_ASSETS: r"(?:total )?current assets|流动资产(?:合计|总计|总额)?",
    Item.FIXED_ASSETS: r"(?:total )?non-?current assets|非流动资产(?:合计|总计)?",
    Item.CASH: r"cash(?: and cash equivalents| & equivalents)?|货币资金|现金及现金等价物",
    Item.RECEIVABLES: r"(?:accounts|trade) receivables?(?:, net)?|receivables|应收账款|应收票据及应收账款",
    Item.INVENTORY: r"inventor(?:y|ies)|存货",
    Item.LIABILITIES: r"total liabilities|负债(?:合计|总计|总额)|总负债",
    Item.CURRENT_LIABILITIES: r"(?:total )?current liabilities|流动负债(?:合计|总计)?",
    Item.FIXED_LIABILITIES: r"(?:total )?non-?current liabilities|(?:total )?long-term liabilities"
    r"|非流动负债(?:合计|总计)?",
    Item.EQUITY: rf"total (?:{_OWNERS} )?equity|{_OWNERS} equity|equity|net assets"
    r"|(?:所有者|股东)权益(?:合计|总计|总额)?|净资产",
    Item.FUNDING: rf"total liabilities (?:and|&) (?:{_OWNERS} )?equity"
    r"|负债[和及与](?:所有者|股东)权益(?:合计|总计|总额)",
    Item.FROM_OPERATIONS: r"(?:net )?cash (?:flows? )?(?:provided by|from|generated (?:by|from)|used in)"
    r" operat(?:ing activities|ions)|operating cash flow|经营活动(?:产生的)?现金(?:流量)?净(?:流量|额)",
    Item.FROM_INVESTING: r"(?:net )?cash (?:flows? )?(?:provided by|from|used in) investing activities"
    r"|投资活动(?:产生的)?现金(?:流量)?净(?:流量|额)",
    Item.FROM_FINANCING: r"(?:net )?cash (?:flows? )?(?:provided by|from|used in) financing activities"
    r"|筹资活动(?:产生的)?现金(?:流量)?净(?:流量|额)",
    Item.CASH_CHANGE: r"net (?:increase|decrease|change) in cash(?: and cash equivalents)?"
    r"|现金(?:及现金等价物)?净增加额",
}
_PATTERNS = {item: re.compile(names) for item, names in _NAMES.items()}
#: What stands before an item's own name: its number, or how it enters the sum.
_BEFORE = re.compile(
    r"^(?:[一二三四五六七八九十]+[、.]|\(?\d+[).、]|\([一二三四五六七八九十]+\)|[加减][::]|其中[::]|less[::]|add[::])\s*"
)
_ASIDE = re.compile(r"\([^()]*\)")


def item_of(label: str) -> Item | None:
    """What an item's name says it is, or None where no ratio asks for it."""
    text = plain_name(label)
    return next((item for item, pattern in _PATTERNS.items() if pattern.fullmatch(text)), None)


def plain_name(label: str) -> str:
    """A name without its number, its asides and its colon."""
    text = normalize("NFKC", label).strip().lower().replace("’", "'")
    text = _ASIDE.sub("", text)
    while (shorter := _BEFORE.sub("", text)) != text:
        text = shorter
    return " ".join(text.rstrip(" :*").split())


def known(labels: Sequence[str]) -> dict[Item, int]:
    """Where each known item stands; the first of several of one kind counts."""
    found: dict[Item, int] = {}
    for place, label in enumerate(labels):
        item = item_of(label)
        if item is not None:
            found.setdefault(item, place)
    return found
