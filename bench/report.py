"""The results as Markdown tables and as a plot."""

LETTERS = {
    "-": "spawning the program", "n": "namespaces", "r": "the root: bind, pivot_root, /proc", "m": "the other mounts",
    "d": "device nodes and links", "p": "masked and read-only paths", "c": "cgroups and device rules", "k": "capabilities",
    "f": "seccomp filter", "o": "each place looked at, before and after", "i": "a program of its own", "t": "state that others can read and remove",
}
SHARES = {"wall_min_ms": "min ms", "wall_median_ms": "median ms", "cpu_median_ms": "CPU ms"}


def table(head, rows, words=1):
    """words: how many columns, from the left, hold words and not numbers."""
    lines = [head, [*["---"] * words, *["---:"] * (len(head) - words)], *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines) + "\n"


def number(value, digits=2):
    return "-" if value is None else f"{value:.{digits}f}"


def starts(results):
    keys = ("first_min_ms", "first_median_ms", "wall_min_ms", "wall_median_ms", "cpu_median_ms", "ratio_min", "ratio_median", "ratio_cpu")
    rows = [[name, *(number(row.get(key)) for key in keys), row["peak_kb"], results["system_calls"].get(name) or "-"]
            for name, row in results["starts"].items()]
    return table(["a start", "to the first byte, min ms", "median ms", "to the end, min ms", "median ms", "CPU ms", "× floor, min", "median", "CPU", "peak kB",
                  "system calls"], rows)


def commands(results):
    """A row for each command, a column for each runtime."""
    runtimes = list(results["commands"])
    rows = [[part, *(f"{number(row['wall_min_ms'])} / {number(row['wall_median_ms'])} / {number(row['cpu_median_ms'])}"
                     for row in (results["commands"][runtime][part] for runtime in runtimes))]
            for part in (results["commands"][runtimes[0]] if runtimes else ())]
    return table(["min / median / CPU ms", *runtimes], rows)


def shares(results):
    libcs = list(results["shares"])
    rows = [[f"`{letter}` {LETTERS[letter]}", *(number(results["shares"][libc][letter][key], 3) for libc in libcs for key in SHARES)]
            for letter in results["shares"][libcs[0]]]
    return table(["the floor's parts", *(f"{libc}, {what}" for libc in libcs for what in SHARES.values())], rows)


def memory(results):
    rows = [[name, row["private_kb"], row["pss_kb"]] for name, row in results["memory"].items()]
    return table(["an idle container's process", "private kB", "PSS kB"], rows)


def counts(results):
    """Of rounds, of all rows."""
    for key, value in results.items():
        if key == "rounds":
            yield value
        elif isinstance(value, dict):
            yield from counts(value)


def rounds(results):
    found = sorted(set(counts(results)))
    return f"{' to '.join(map(str, dict.fromkeys((found[0], found[-1]))))} interleaved rounds in " if found else ""


def heading(results):
    facts = results["machine"]
    versions = "; ".join(f"{name}: {version}" for name, version in results.get("versions", {}).items())
    before, after = results["load_before_and_after"]
    return (f"`{results['command']}`: {rounds(results)}{results['seconds']} s, load average {before:.1f} "
            f"before and {after:.1f} after; {facts['processor']}, {facts['cpus']} CPUs{', a virtual machine' if facts['hypervisor'] else ''}, "
            f"Linux {facts['kernel']}, cgroup {facts['cgroups']}{'; ' if versions else ''}{versions}.\n\n")


def markdown(results):
    return starts(results) + commands(results) + shares(results) + memory(results)


def canvas(width, height):
    """SVG by matplotlib (Debian: python3-matplotlib). ImportError where it is not installed."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    matplotlib.rcParams["svg.hashsalt"] = "crumb"  # the same results, the same file
    figure, axes = pyplot.subplots(figsize=(width, height))
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def save(figure, target):
    figure.tight_layout()
    figure.savefig(target, format="svg", metadata={"Date": None})


def plot_groups(groups, label, target):
    """groups: name -> name of a bar -> value; values differ by orders of magnitude, so the scale is
    logarithmic, without those that noise has made negative."""
    kinds = list(dict.fromkeys(kind for group in groups.values() for kind in group))
    figure, axes = canvas(9, 1.2 + 0.2 * len(kinds) * len(groups))
    height = 0.8 / len(kinds)
    for place, kind in enumerate(kinds):
        bars = [(number + place * height, group[kind]) for number, group in enumerate(groups.values()) if group.get(kind, 0) > 0]
        axes.barh([at for at, _ in bars], [value for _, value in bars], height=height * 0.9, label=kind)
        for at, value in bars:
            axes.text(value, at, f"  {value:.0f}", va="center", fontsize=7)
    axes.set_xscale("log")
    axes.set_yticks([number + 0.4 - height / 2 for number in range(len(groups))], list(groups), fontsize=9)
    axes.invert_yaxis()
    axes.set_xlabel(label)
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    save(figure, target)


def plot(results, target):
    """For each start a bar from nothing to its median, its minimum within, its CPU time as a mark."""
    names, rows = list(results["starts"]), list(results["starts"].values())
    places = range(len(names))
    figure, axes = canvas(9, 1.2 + 0.34 * len(names))
    axes.barh(places, [row["wall_median_ms"] for row in rows], height=0.62, color="#cfd8e3", label="wall, median")
    axes.barh(places, [row["wall_min_ms"] for row in rows], height=0.62, color="#4878a8", label="wall, minimum")
    axes.plot([row["cpu_median_ms"] for row in rows], places, "|", color="#c44e52", markersize=12, markeredgewidth=2, label="CPU, median")
    for place, row in zip(places, rows):
        axes.text(row["wall_median_ms"], place, f"  {row['wall_min_ms']:.2f} / {row['wall_median_ms']:.2f}", va="center", fontsize=8)
    axes.set_yticks(places, names, fontsize=9)
    axes.invert_yaxis()
    axes.set_xlabel("ms from the start of the command to its end (minimum / median)")
    axes.legend(loc="lower right", frameon=False, fontsize=8)
    save(figure, target)


def plot_lanes(lanes, target):
    """lanes: process -> steps, as bars along the time; those that lie within others are below them. The names of steps that would not
    fit into their bars stand below the lane, with a line to it."""
    figure, axes = canvas(12, 7)
    whole = max(step["begin_us"] + step["takes_us"] for steps in lanes.values() for step in steps)
    top, ticks = 0, []
    for process, steps in lanes.items():
        deepest = max(step["depth"] for step in steps)
        ticks.append((top + (deepest + 1) / 2, process))
        colors = ["#4878a8", "#8fb0d0", "#cfd8e3"]
        for step in steps:
            place = (step["begin_us"], step["takes_us"])
            axes.broken_barh([place], (top + step["depth"], 0.94), facecolors=colors[step["depth"] % 3], edgecolor="white", linewidth=0.5)
        top = name_steps(axes, steps, top, deepest, whole)
    axes.set_xlim(0, whole)
    axes.set_ylim(top, -0.1)
    axes.set_yticks([at for at, _ in ticks], [process for _, process in ticks])
    axes.set_xlabel("µs since the command began (medians)")
    save(figure, target)


def name_steps(axes, steps, top, deepest, whole):
    """Those of which something is to be seen; returns where the next lane begins."""
    least, width = whole / 100, whole / 200  # of a step that is named; of a letter
    below, rows = top + deepest + 1.5, []
    for step in sorted(steps, key=lambda step: step["begin_us"]):
        text = f"{step['step']} {step['takes_us']:.0f}"
        middle, high = step["begin_us"] + step["takes_us"] / 2, top + step["depth"] + 0.47
        if len(text) * width < step["takes_us"]:
            axes.text(middle, high, text, ha="center", va="center", fontsize=7)
        elif step["takes_us"] > least:
            row = next((number for number, end in enumerate(rows) if end < middle), len(rows))
            rows[row:row + 1] = [middle + len(text) * width]
            axes.plot([middle, middle], [high, below + row * 0.5], color="#999999", linewidth=0.4)
            axes.text(middle, below + row * 0.5, f" {text}", va="center", fontsize=7)
    return below + len(rows) * 0.5 + 0.5
