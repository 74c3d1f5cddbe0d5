# SPDX-License-Identifier: BSD-3-Clause
"""plots.py: drawings as SVG, by gnuplot, to stand in a page: its text colour is the page's, and ids are unique.

The colours of series are seen on white and on black.
"""

import math
import re
import shutil
import statistics
import subprocess
from xml.sax.saxutils import escape

import figures
from saved import Bad

BLUE, ORANGE, GREEN, PURPLE, RED = "#3b82d8", "#dd7a1a", "#2f9e6e", "#a070d8", "#d9505a"
SERIES = (BLUE, ORANGE, GREEN, PURPLE, RED)
GREY = "#8a8f98"
WIDTH = 760


def need_gnuplot():
    if shutil.which("gnuplot") is None:
        raise Bad("gnuplot isn't installed; as root, type: apt-get install --no-install-recommends gnuplot-nox")


def quoted(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def data(name, rows):
    lines = "\n".join(" ".join(cell if isinstance(cell, str) else f"{cell:.10g}" for cell in row) for row in rows)
    return f"${name} << EOD\n{lines}\nEOD"


def tics(pairs):
    return "(" + ", ".join(f"{quoted(text)} {place:.10g}" for text, place in pairs) + ")"


def short(value):
    """1.44 M, 50 k, 700."""
    for unit, name in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= unit:
            return f"{value / unit:.3g}{name}"
    return f"{value:.3g}"


def decades(least, most, steps=(1,)):
    """Places on a logarithmic axis that holds both."""
    first, last = math.floor(math.log10(least)), math.ceil(math.log10(most))
    places = [10**power * step for power in range(first, last + 1) for step in steps]
    below = [place for place in places if place <= least * 1.0001] or places[:1]
    above = [place for place in places if place >= most * 0.9999] or places[-1:]
    return [place for place in places if below[-1] <= place <= above[0]]


def log_tics(places):
    """Only powers of ten have a number where there are many."""
    plain = [place for place in places if len(places) <= 8 or f"{place:e}"[0] == "1"]
    return tics([(f"{place:,g}" if place in plain else "", place) for place in places])


def steps_to(most):
    """Round places from 0 to above the most."""
    rough = most / 5
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough)
    return [step * i for i in range(math.ceil(most * 1.04 / step) + 1)]


def themed(name, title, svg):
    """gnuplot's drawing, made fit to stand in a page with others."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'\s+xmlns:xlink="[^"]*"', "", svg).replace("xlink:href", "href")
    svg = re.sub(r"<title>.*?</title>|<desc>.*?</desc>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<filter.*?</filter>", "", svg, flags=re.DOTALL)  # for boxed text, which we have none of
    svg = re.sub(r"""(\sid=['"])""", rf"\g<1>{name}-", svg)
    svg = re.sub(r"""(href=['"]#)""", rf"\g<1>{name}-", svg)
    black = r"""(['"])(?:black|rgb\(\s*0,\s*0,\s*0\))\1"""
    svg = re.sub(rf"\scolor={black}", "", svg)
    svg = re.sub(rf"\b(?:fill|stroke)={black}", lambda found: found.group().split("=")[0] + "='currentColor'", svg)
    svg = re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE).strip()
    return svg.replace("<svg", f'<svg role="img" aria-label="{escape(title, {chr(34): "&quot;"})}"', 1)


def draw(name, title, script, height=360):
    """@return a figure: its title, and what gnuplot draws by the lines of a script."""
    head = [
        f"set terminal svg size {WIDTH},{height} dynamic noenhanced font 'sans-serif,13'",
        "set encoding utf8",
        "set border 3 lw 0.8",
        "set tics nomirror out scale 0.5",
        f"set grid ytics lc rgb '{GREY}' lw 0.4 dt 1",
        "set key above left Left reverse horizontal samplen 1.5",
        "set style fill solid 0.9 noborder",
        "set rmargin 5",
    ]
    done = subprocess.run(["gnuplot"], input="\n".join(head + script) + "\n", capture_output=True, text=True, check=False)
    if done.returncode != 0 or "</svg>" not in done.stdout:
        raise Bad(f"gnuplot can't draw {name}: {(done.stderr.strip().splitlines() or ['it says nothing'])[-1]}")
    return f"<figure><figcaption>{escape(title)}</figcaption>\n{themed(name, title, done.stdout)}\n</figure>"


def spread(n, i, width):
    """Where the i-th of n runs is put beside its case."""
    return 0 if n < 2 else (i / (n - 1) - 0.5) * width


def numbers(values):
    return [value for value in values if not isinstance(value, str)]


def rates(cases):
    """Bars of medians beside each other, with a dot for every run."""
    series = (
        ("what the wire allows", GREY, figures.wire_allows),
        ("thole", BLUE, lambda one: one["conns_per_s"]),
        ("Linux over loopback", ORANGE, figures.kernel_of),
    )
    script, parts, labels = [], [], []
    every = []
    for s, (title, colour, value) in enumerate(series):
        bars, dots = [], []
        for x, runs in enumerate(cases.values()):
            place = x + (s - 1) * 0.27
            found = [value(one) for one in runs]
            values = numbers(found)
            if not values:
                labels.append((place, found[0], None))
                continue
            every += values
            bars.append((place, statistics.median(values)))
            dots += [(place + spread(len(values), i, 0.14), one) for i, one in enumerate(values)]
            labels.append((place, short(statistics.median(values)), max(values)))
        script += [data(f"bars{s}", bars or [(0, "NaN")]), data(f"dots{s}", dots or [(0, "NaN")])]
        parts.append(f"$bars{s} using 1:2:(0.24) with boxes lc rgb '{colour}' title {quoted(title)}")
        parts.append(f"$dots{s} using 1:2 with points pt 6 ps 0.45 lc rgb 'black' notitle")
    places = decades(min(every) / 2, max(every) * 1.5)
    for place, text, y in labels:
        where = f"{place},{y}" if y else f"{place},{places[0] * 1.25}"
        how = "center offset 0,0.7 font ',11'" if y else f"left rotate by 90 textcolor rgb '{GREY}'"
        script.append(f"set label {quoted(text)} at {where} {how}")
    script += [
        "set logscale y",
        f"set yrange [{places[0]}:{places[-1]}]",
        f"set ytics {tics([(short(p), p) for p in places])}",
        f"set xrange [-0.5:{len(cases) - 0.5}]",
        f"set xtics {tics([(case, x) for x, case in enumerate(cases)])} scale 0",
        "set ylabel 'connections/s'",
        "plot " + ", ".join(parts),
    ]
    return draw("rates", "Connections opened, accepted and closed in a second", script, 420)


def spread_of_latency(name, title, cases, key):
    """Percentiles, the tail drawn out: a line for each case's median, thin ones for its runs."""
    script, parts = [], []
    every = []
    last = 1
    for c, (case, runs) in enumerate(cases.items()):
        colour = SERIES[c % len(SERIES)]
        found = [one["extra"]["latency"] for one in runs if one["extra"].get("latency", {}).get(key)]
        if not found:
            continue
        lines = [[(1 / (1 - share), us) for share, us in zip(one["shares"], one[key]) if share < 1 and us > 0] for one in found]
        every += [us for line in lines for _, us in line]
        last = max(last, *(x for line in lines for x, _ in line))
        middle = [(points[0][0], statistics.median(us for _, us in points)) for points in zip(*lines)]
        for r, line in enumerate(lines):
            script.append(data(f"run{c}_{r}", line))
            parts.append(f"$run{c}_{r} using 1:2 with lines lw 0.6 lc rgb '{colour}' notitle")
        script.append(data(f"case{c}", middle))
        parts.append(f"$case{c} using 1:2 with lines lw 2.5 lc rgb '{colour}' title {quoted(case)}")
    if not every:
        return None
    places = decades(min(every), max(every), (1, 2, 5))
    marks = [("0", 1), ("50", 2), ("90", 10), ("99", 100), ("99.9", 1e3), ("99.99", 1e4), ("99.999", 1e5), ("99.9999", 1e6)]
    script += [
        "set logscale xy",
        f"set grid xtics ytics lc rgb '{GREY}' lw 0.4 dt 1",
        f"set xrange [1:{last:.10g}]",
        f"set yrange [{places[0]}:{places[-1]}]",
        f"set ytics {log_tics(places)}",
        f"set xtics {tics(marks)}",
        "set xlabel 'percentile'",
        "set ylabel 'µs'",
        "plot " + ", ".join(parts),
    ]
    return draw(name, title, script)


def by_case(name, title, label, values, names, xlabel, colour=BLUE, texts=None, form=short):
    """A figure for each of some sizes, from 0: a line through medians, and a dot for every run."""
    dots = [(x + spread(len(those), i, 0.16), one) for x, those in enumerate(values) for i, one in enumerate(those)]
    middle = [(x, statistics.median(those)) for x, those in enumerate(values)]
    places = steps_to(max(one for _, one in dots))
    script = [data("dots", dots), data("middle", middle)]
    for x, text in enumerate(texts or []):
        script.append(f"set label {quoted(text)} at {x},{max(values[x])} center offset 0,0.8 font ',11'")
    script += [
        f"set yrange [0:{places[-1]}]",
        f"set ytics {tics([(form(p), p) for p in places])}",
        f"set xrange [-0.5:{len(values) - 0.5}]",
        f"set xtics {tics([(text, x) for x, text in enumerate(names)])} scale 0",
        f"set xlabel {quoted(xlabel)}",
        f"set ylabel {quoted(label)}",
        f"plot $middle using 1:2 with linespoints lw 2 pt 7 ps 0.9 lc rgb '{colour}' title 'median', "
        f"$dots using 1:2 with points pt 6 ps 0.5 lc rgb 'black' title 'every run'",
    ]
    return draw(name, title, script)


def beside(cases):
    cases = figures.by_number(cases)
    values = [figures.of(runs, "conns_per_s") for runs in cases.values()]
    first = next(iter(cases.values()))
    share = [statistics.median(figures.shares(runs, first, "conns_per_s")) for runs in cases.values()]
    texts = [f"{one:.0%}" for one in share]
    names = ["none" if int(size) == 0 else short(int(size)) for size in cases]
    title = "Connections/s beside those that stay open, and the share of the first's rate"
    return by_case("beside", title, "connections/s", values, names, "connections that stay open, at each end", texts=texts)


def requests(cases):
    cases = figures.by_number(cases)
    values = [figures.of(runs, "requests_per_s") for runs in cases.values()]
    names = [short(int(size)) for size in cases]
    title = "Requests answered in a second, on connections that stand"
    return by_case("requests", title, "requests/s", values, names, "connections", texts=[short(statistics.median(v)) for v in values])


def percentiles_by_case(name, title, cases, prefix, names, xlabel):
    """p50, p99 and p99.9 for each case on a logarithmic axis: medians, and a dot for every run."""
    script, parts, every = [], [], []
    for s, (key, text) in enumerate(figures.PERCENTILES):
        values = [[max(one, 0.001) for one in figures.of(runs, f"{prefix}_{key}")] for runs in cases.values()]
        every += [one for those in values for one in those]
        dots = [(x + spread(len(those), i, 0.3), one) for x, those in enumerate(values) for i, one in enumerate(those)]
        script += [data(f"dots{s}", dots), data(f"middle{s}", [(x, statistics.median(v)) for x, v in enumerate(values)])]
        parts.append(f"$middle{s} using 1:2 with linespoints lw 2 pt 7 ps 0.9 lc rgb '{SERIES[s]}' title 'p{text}'")
        parts.append(f"$dots{s} using 1:2 with points pt 6 ps 0.5 lc rgb '{SERIES[s]}' notitle")
    places = decades(min(every), max(every), (1, 2, 5))
    script += [
        "set logscale y",
        f"set yrange [{places[0]}:{places[-1]}]",
        f"set ytics {log_tics(places)}",
        f"set xrange [-0.5:{len(names) - 0.5}]",
        f"set xtics {tics([(text, x) for x, text in enumerate(names)])} scale 0",
        f"set xlabel {quoted(xlabel)}",
        "set ylabel 'µs'",
        "plot " + ", ".join(parts),
    ]
    return draw(name, title, script)


def steady(cases):
    names = [f"{short(int(offered))}/s" for offered in cases]
    title = "Connecting, from when each was due, at steady rates"
    return percentiles_by_case("steady", title, cases, "connect_us", names, "connections offered")


def request_latency(cases):
    cases = figures.by_number(cases)
    names = [short(int(size)) for size in cases]
    title = "Requests on connections that stand: latency"
    return percentiles_by_case("request-latency", title, cases, "request_us", names, "connections")


def flood_names(cases):
    return ["none" if int(times) == 0 else f"{times} ×" for times in cases]


def flooded(cases):
    cases = figures.by_number(cases)
    values = [figures.of(runs, "conns_per_s") for runs in cases.values()]
    first = next(iter(cases.values()))
    texts = [f"{statistics.median(figures.shares(runs, first, 'conns_per_s')):.0%}" for runs in cases.values()]
    title = "Connections/s beside spoofed SYNs, and the share of the rate without"
    return by_case("flooded", title, "connections/s", values, flood_names(cases), "SYNs for each connection", texts=texts)


def flood_latency(cases):
    cases = figures.by_number(cases)
    title = "Connecting beside spoofed SYNs, from when each was due"
    return percentiles_by_case("flood-latency", title, cases, "connect_us", flood_names(cases), "SYNs for each connection")


def flood_memory(cases):
    cases = figures.by_number(cases)
    values = [[figures.memory(one, "last") / (1 << 20) for one in runs] for runs in cases.values()]
    title = "Memory in use when the count ends"
    return by_case("flood-memory", title, "MiB", values, flood_names(cases), "SYNs for each connection", GREEN, form=figures.count)


def stage_bars(name, title, runs):
    """Horizontal bars of both sides, a row for each stage."""
    rows = figures.stages(runs)
    sides = ("server", "client")
    script, parts = [], []
    most = max(max(counts.values()) for _, counts in rows)
    for s, side in enumerate(sides):
        bars = []
        for y, (_, counts) in enumerate(rows):
            if side in counts:
                place = -y + (0.19 if s == 0 else -0.19)
                # boxxyerror: x, y, then from where to where.
                bars.append((counts[side], place, 0, counts[side], place - 0.17, place + 0.17))
                text = f"{counts[side]:,.0f}"
                script.append(f"set label {quoted(text)} at {counts[side]},{place} left offset 0.4,0 font ',10'")
        script.append(data(side, bars or [("NaN",) * 6]))
        total = f"{side}: {runs[0][side]['total']:,.0f}" if side in runs[0] else side
        parts.append(f"${side} using 1:2:3:4:5:6 with boxxyerror lc rgb '{SERIES[s]}' title {quoted(total)}")
    places = steps_to(most * 1.05)
    script += [
        f"set yrange [{-len(rows) + 0.4}:0.6]",
        f"set ytics {tics([(stage, -y) for y, (stage, _) in enumerate(rows)])} scale 0",
        f"set xrange [0:{places[-1]}]",
        f"set xtics {tics([(f'{p:,.0f}', p) for p in places])}",
        f"unset grid\nset grid xtics lc rgb '{GREY}' lw 0.4 dt 1",
        "set xlabel 'instructions a connection'",
        "plot " + ", ".join(parts),
    ]
    return draw(name, title, script, 110 + 38 * len(rows))


def ratios(cases):
    """DPDK's time by ours at the largest size that all of a part's contests have."""
    found = figures.contests(cases)
    largest = {part: max(entries for of_part, entries, _ in found if of_part == part) for part, _, _ in found}
    rows = [(part, entries, name, those) for (part, entries, name), those in found.items() if entries == largest[part]]
    every = [one["ratio"] for *_, those in rows for one in those]
    middle = [(statistics.median(figures.of(those, "ratio")), -y) for y, (*_, those) in enumerate(rows)]
    dots = [(one["ratio"], -y) for y, (*_, those) in enumerate(rows) for one in those]
    names = [f"{part}{f' of {short(entries)}' if entries else ''}: {name}" for part, entries, name, _ in rows]
    places = decades(min(*every, 1), max(*every, 1), (1, 2, 5))
    script = [data("middle", middle), data("dots", dots), "set rmargin 10"]
    for value, y in middle:
        text = f"{value:.2f}" if value < 10 else f"{value:.0f}"
        script.append(f"set label {quoted(text)} at graph 1.1, first {y} right font ',11'")
    script += [
        "set logscale x",
        f"set xrange [{places[0]}:{places[-1]}]",
        f"set xtics {log_tics(places)}",
        f"set yrange [{-len(rows) + 0.4}:0.6]",
        f"set ytics {tics([(text, -y) for y, text in enumerate(names)])} scale 0 font ',11'",
        f"set arrow from 1,{-len(rows) + 0.4} to 1,0.6 nohead lw 1.2 lc rgb '{RED}'",
        f"set grid xtics ytics lc rgb '{GREY}' lw 0.4 dt 1",
        "set xlabel \"DPDK's time to ours: above 1 we are quicker\"",
        f"plot $middle using 1:2 with points pt 7 ps 1 lc rgb '{BLUE}' title 'median', "
        "$dots using 1:2 with points pt 6 ps 0.5 lc rgb 'black' title 'every run'",
    ]
    return draw("ratios", "The parts, beside DPDK's", script, 110 + 20 * len(rows))
