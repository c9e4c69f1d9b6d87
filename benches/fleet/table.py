"""The results as Markdown: a table for each size, and how each row grows with the fleet."""

import math

COLUMNS = ["", "runs", "wall", "client CPU", "server CPU", "CPU in all", "beside the limit", "client memory",
           "server memory", "to the client"]
HEAD = f"| {' | '.join(COLUMNS)} |\n|---|{'--:|' * (len(COLUMNS) - 1)}"


def render(results, commands):
    """`results` maps size and name to a row of medians."""
    sizes = sorted({size for size, _ in results})
    parts = [one_size(size, results, commands) for size in sizes]
    if len(sizes) > 1:
        parts.append(growth(sizes, results, commands))
    return "\n\n".join(parts) + "\n"


def one_size(size, results, commands):
    """The table of one size."""
    limit = next((results.get((size, each["name"])) for each in commands if each.get("limit")), None)
    lines, said = [HEAD], []
    for command in commands:
        row = results.get((size, command["name"]))
        if not row:
            continue
        lines.append(line(command["name"], row, limit))
        if "fleet" in command and "cpu" in row:
            lines.append(line(command["fleet"], {"runs": 0, "cpu": row["cpu"] * size}, limit))
        if row.get("said"):
            said.append(f"{command['name']} said: `{row['said']}`")
    return "\n".join([f"### {size:,} tenants", "", *lines, *("\n" + each for each in said)])


def line(name, row, limit):
    """One row; a failed command has its reason in place of figures."""
    if "failed" in row:
        return f"| {name} | {row['runs']} | failed: {row['failed']} |" + " |" * 7
    beside = f"{row['cpu'] / limit['cpu']:.2f} x" if limit and limit.get("cpu") else ""
    wall, client, server, cpu = (seconds(row.get(each)) for each in ("wall", "client_cpu", "server_cpu", "cpu"))
    memory = [megabytes(row.get(each)) for each in ("client_memory", "server_memory", "bytes")]
    cells = [name, row["runs"] or "", wall, client, server, cpu, beside, *memory]
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def growth(sizes, results, commands):
    """How the processor time of each row grows with the number of tenants."""
    lines = ["### Growth", "", "CPU in all is about tenants to the power of:", "", "| | exponent | over |", "|---|--:|--:|"]
    for command in commands:
        measured = ((size, results.get((size, command["name"]), {}).get("cpu")) for size in sizes)
        points = [(size, cpu) for size, cpu in measured if cpu]
        if len(points) > 1:
            over = f"{points[0][0]:,} to {points[-1][0]:,}"
            lines.append(f"| {command['name']} | {exponent(points):.2f} | {over} |")
    return "\n".join(lines)


def exponent(points):
    """The slope of the least-squares line through the logarithms."""
    logs = [(math.log(size), math.log(cpu)) for size, cpu in points]
    mean_x = sum(x for x, _ in logs) / len(logs)
    mean_y = sum(y for _, y in logs) / len(logs)
    return sum((x - mean_x) * (y - mean_y) for x, y in logs) / sum((x - mean_x) ** 2 for x, _ in logs)


def seconds(value):
    """Seconds to three digits, in the unit a person would use."""
    if value is None:
        return ""
    for unit, length in (("h", 3600), ("min", 60), ("s", 1)):
        if value >= 2 * length or unit == "s" and value >= 0.1:
            return f"{value / length:.3g} {unit}" if value / length < 1000 else f"{value / length:,.0f} {unit}"
    return f"{value * 1000:.3g} ms"


def megabytes(value):
    """Bytes in thousands or millions; what was too short to be sampled stays empty."""
    if not value:
        return ""
    return f"{value / 1e6:,.{0 if value >= 1e7 else 1}f} MB" if value >= 1e5 else f"{value / 1e3:.1f} kB"
