# SPDX-License-Identifier: BSD-3-Clause
"""page.py: the page, which needs nothing but itself, and the table for the README."""

from xml.sax.saxutils import escape

import sections

STYLE = """
:root { color-scheme: light dark; --text: #1d2126; --back: #ffffff; --line: #d5d8dd; --dim: #5d646d; }
@media (prefers-color-scheme: dark) {
	:root { --text: #e3e5e8; --back: #15181c; --line: #3a3f46; --dim: #9aa1aa; }
}
body { color: var(--text); background: var(--back); font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1rem;
	max-width: 58rem; }
h1, h2 { line-height: 1.2; }
h2 { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: 1rem; }
figure { margin: 1.5rem 0; }
figcaption { font-weight: 600; }
svg { display: block; width: 100%; height: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 0.15rem 0.6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th:first-child, td:first-child { text-align: left; }
.runs { color: var(--dim); }
code { font-size: 0.85rem; }
.machine td:last-child { text-align: left; }
.missing, .note { color: var(--dim); }
summary { cursor: pointer; margin: 0.5rem 0; }
"""


def machine_rows(saved):
    rows = [(name, str(value)) for name, value in saved.machine.items()]
    speed = sections.core_speed(saved)
    return rows + ([("additions, one upon the other", speed)] if speed else [])


def table(rows):
    lines = ["<div class='scroll'><table>", "<tr><th>figure</th><th>median</th><th>best</th><th>every run</th></tr>"]
    for row in rows:
        cells = "".join(f"<td>{escape(text)}</td>" for text in (row.name, row.median(), row.best_one()))
        lines.append(f"<tr>{cells}<td class='runs'>{escape('  '.join(row.each()))}</td></tr>")
    return lines + ["</table></div>"]


def machine_table(saved):
    lines = ["<div class='scroll'><table class='machine'>"]
    lines += [f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in machine_rows(saved)]
    return lines + ["</table></div>"]


def section_lines(section):
    lines = [f"<h2 id='{section.name}'>{escape(section.title)}</h2>"]
    if section.missing:
        return lines + [f"<p class='missing'>{escape(section.name)}: {escape(section.missing)}</p>"]
    lines.append(f"<p>{escape(section.text)}</p>")
    lines += [f"<p class='note'>{escape(note)}</p>" for note in section.notes]
    lines += section.drawings
    lines += ["<details><summary>Every run's figures</summary>", *table(section.rows), "</details>"]
    lines.append("<details><summary>Commands</summary>")
    lines += [f"<p><code>{escape(command)}</code></p>" for command in section.commands.values()]
    return lines + ["</details>"]


def html(saved, shown):
    headline = [row for section in shown for row in section.rows if row.headline]
    lines = [
        "<!DOCTYPE html>",
        "<html lang='en'>",
        "<head><meta charset='utf-8'/><meta name='viewport' content='width=device-width, initial-scale=1'/>",
        f"<title>thole: benchmarks</title><style>{STYLE}</style></head>",
        "<body>",
        "<h1>thole: benchmarks</h1>",
        "<p>Medians of all runs, and the best where a neighbour on the machine can only take away. Ratios to the wire and "
        "to the kernel are of the same run.</p>",
        *(table(headline) if headline else []),
        "<h2 id='machine'>The machine</h2>",
        *machine_table(saved),
    ]
    for section in shown:
        lines += section_lines(section)
    return "\n".join(lines + ["</body>", "</html>", ""])


def cell(text):
    return text.replace("|", "\\|")


def markdown(saved, shown):
    what = saved.machine
    about = [what.get("CPU"), f"{what['CPUs']} CPUs" if "CPUs" in what else None, what.get("kernel"), what.get("compiler")]
    about += [f"DPDK {what['DPDK']}" if "DPDK" in what else None, f"revision {what['revision']}" if "revision" in what else None]
    lines = [", ".join(part for part in about if part) + f"; {what.get('measured', 'no date')}:", ""]
    lines += ["| figure | median | best | every run |", "| --- | ---: | ---: | --- |"]
    for section in shown:
        for row in section.rows:
            if row.headline:
                each = " ".join(row.each()) if len(row.values) > 1 else ""
                cells = (row.name, row.median(), row.best_one(), each)
                lines.append("| " + " | ".join(cell(text) for text in cells).rstrip() + " |")
    missing = [f"{section.name} ({section.missing})" for section in shown if section.missing]
    if missing:
        lines += ["", f"Not in it: {'; '.join(missing)}."]
    return "\n".join(lines) + "\n"
