"""Numbers of things in words."""


def short_count(count: int) -> str:
    """``214k``, ``1.9M``: three digits at most, and a thousand as it is."""
    scaled, letter = float(count), ""
    for unit in "kMB":
        if scaled < 999.5:
            break
        scaled, letter = scaled / 1000, unit
    return f"{scaled:.1f}".removesuffix(".0") + letter if scaled < 99.95 else f"{scaled:,.0f}{letter}"


def counted(count: int, one: str) -> str:
    """``1 request``, ``3 requests``, ``1,200 requests``."""
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"
