"""A chart or table as one self-contained HTML page: inline SVG, no script, nothing fetched, readable in any sandbox."""

import html

from .plain import as_text, is_scalar, plain

COLOURS = ("#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#db2777", "#4d7c0f")
WIDTH, HEIGHT = 760, 380
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 16, 44
#: Points drawn of each line; a screen has no more columns. Both extremes of every bucket are kept, so spikes stay.
MAX_DRAWN_POINTS = 1500
MAX_TABLE_ROWS = 1000

_STYLE = """
body{font:14px/1.45 system-ui,sans-serif;margin:16px;color:#1f2937;background:#fff}
h1{font-size:16px;margin:0 0 8px}svg{max-width:100%;height:auto}
.key{margin:4px 0 12px}.key span{margin-right:16px}.key i{display:inline-block;width:12px;height:3px;margin-right:6px;vertical-align:middle}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:3px 10px;border-bottom:1px solid #e5e7eb;text-align:right}
th{background:#f3f4f6}p{color:#6b7280}
"""


def chart_page(title, header, rows):
    """The page of a chart whose first column is the horizontal axis and whose other columns are lines."""
    lines = _lines(header, rows)
    parts = [_svg(lines, as_text(header[0]) if header else "")] if lines else []
    if lines:
        keys = "".join(f'<span><i style="background:{colour}"></i>{html.escape(name)}</span>' for name, colour, _ in lines)
        parts.append(f'<div class="key">{keys}</div>')
    parts.append(table_html(header, rows))
    return page(title, "\n".join(parts))


def page(title, body):
    title = html.escape(as_text(title))
    return f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style></head>\n<body><h1>{title}</h1>\n{body}\n</body></html>\n'


def table_html(header, rows):
    head = "".join(f"<th>{html.escape(as_text(name))}</th>" for name in header)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{html.escape(_cell(value))}</td>" for value in row) + "</tr>" for row in rows[:MAX_TABLE_ROWS]
    )
    more = f"<p>{len(rows) - MAX_TABLE_ROWS:,} more rows</p>" if len(rows) > MAX_TABLE_ROWS else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>{more}"


def _cell(value):
    value = plain(value)
    return "" if value is None else (f"{value:g}" if isinstance(value, float) else as_text(value))


def _number(value):
    if isinstance(value, str) or not is_scalar(value) or value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number - number == 0 else None


def _lines(header, rows):
    """``(name, colour, [(x, y)])`` of every column with numbers. Without numbers in the first column, x is the row number."""
    width = max([len(header)] + [len(row) for row in rows[:1000]])
    positions = [_number(row[0]) if row else None for row in rows]
    if any(position is None for position in positions):
        positions = list(range(1, len(rows) + 1))
    lines = []
    for column in range(1 if width > 1 else 0, width):
        points = [
            (position, number)
            for position, row in zip(positions, rows)
            for number in [_number(row[column]) if column < len(row) else None]
            if number is not None
        ]
        if points:
            name = as_text(header[column]) if column < len(header) else f"column {column + 1}"
            lines.append((name, COLOURS[len(lines) % len(COLOURS)], _thinned(points)))
    return lines


def _thinned(points):
    if len(points) <= MAX_DRAWN_POINTS:
        return points
    size = -(-len(points) * 2 // MAX_DRAWN_POINTS)
    kept = []
    for start in range(0, len(points), size):
        bucket = points[start : start + size]
        low = min(range(len(bucket)), key=lambda index: bucket[index][1])
        high = max(range(len(bucket)), key=lambda index: bucket[index][1])
        kept.extend(bucket[index] for index in sorted({low, high}))
    return kept


def _svg(lines, horizontal_name):
    xs = [x for _, _, points in lines for x, _ in points]
    ys = [y for _, _, points in lines for _, y in points]
    x_low, x_high = _widened(min(xs), max(xs))
    y_low, y_high = _widened(min(ys), max(ys))

    def across(x):
        return LEFT + (WIDTH - LEFT - RIGHT) * ((x - x_low) / (x_high - x_low))

    def down(y):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * ((y - y_low) / (y_high - y_low))

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" font-size="11" fill="#6b7280">']
    for step in range(6):
        y = y_low + (y_high - y_low) * step / 5
        parts.append(f'<path d="M{LEFT} {down(y):.1f}H{WIDTH - RIGHT}" stroke="#e5e7eb"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{down(y) + 4:.1f}" text-anchor="end">{y:.4g}</text>')
        x = x_low + (x_high - x_low) * step / 5
        parts.append(f'<text x="{across(x):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{x:.4g}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH) / 2}" y="{HEIGHT - 6}" text-anchor="middle">{html.escape(horizontal_name)}</text>')
    for _, colour, points in lines:
        path = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in points)
        if len(points) == 1:
            parts.append(f'<circle cx="{across(points[0][0]):.1f}" cy="{down(points[0][1]):.1f}" r="3" fill="{colour}"/>')
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-linejoin="round"/>')
    parts.append("</svg>")
    return "\n".join(parts)


def _widened(low, high):
    """A range that is never empty and whose width is a finite number."""
    if low == high:
        margin = abs(low) * 0.5 or 0.5
        return low - margin, high + margin
    if high - low == float("inf"):
        return low / 2, high / 2
    return low, high
