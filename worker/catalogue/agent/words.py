"""What a text is about, as words that can be compared: lower case, without endings, Chinese and its kin by pairs."""

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+")
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
#: Words that every text has: a passage is not about them.
STOPWORDS = frozenset(
    (  # noqa: SIM905 - read as words, not as a column of quotes
        "a an the and or but if then of in on at to from for with without by per about into over under as is are "
        "was were be been being do does did has have had will would can could should may might must it its this "
        "that these those there here he she they them their we our you your i me my who whom whose which what when "
        "where why how not no nor so than too very just also any all each every some such only own same other more "
        "most much many few please tell give show find list get let us say says said"
    ).split()
)


def words(text: str) -> list[str]:
    """All words of *text* in their order, as they are compared."""
    plain = unicodedata.normalize("NFKC", text).lower()
    found: list[str] = []
    for match in _WORD.finditer(plain):
        found += _parts(match.group())
    return found


def telling(text: str) -> list[str]:
    """The words of *text* that say what it is about, each once."""
    return [word for word in dict.fromkeys(words(text)) if word not in STOPWORDS]


def _parts(word: str) -> list[str]:
    """A word of letters is one; a run of Chinese, Japanese or Korean signs is its pairs."""
    if not _CJK.search(word):
        return [stem(word)]
    found: list[str] = []
    end = 0
    for run in _CJK.finditer(word):
        found += [stem(word[end : run.start()])] if run.start() > end else []
        found += pairs(run.group())
        end = run.end()
    return [*found, stem(word[end:])] if end < len(word) else found


def pairs(run: str) -> list[str]:
    """`销售额` → `销售`, `售额`; a single sign stays."""
    return [run[n : n + 2] for n in range(len(run) - 1)] or [run]


def stem(word: str) -> str:
    """Take the plural off: `delays` → `delay`, `cities` → `city`, but `gas` and `class` stay."""
    if len(word) <= 3 or not word.endswith("s") or word.endswith(("ss", "us", "is")):  # noqa: PLR2004 - too short to cut
        return word
    if word.endswith("ies") and len(word) > 4:  # noqa: PLR2004 - as above
        return f"{word[:-3]}y"
    return word[:-2] if word.endswith(("sses", "xes", "ches", "shes")) else word[:-1]
