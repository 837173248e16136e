"""What was measured against what is wanted, as a Markdown table."""

from load import say


class Targets:
    """Collects rows while a run goes on. A row without a target is for information."""

    def __init__(self):
        self.rows = []

    def at_most(self, what, measured, limit, unit=""):
        self._row(what, f"{_figure(measured)}{unit}", f"at most {_figure(limit)}{unit}",
                  measured <= limit)

    def at_least(self, what, measured, floor, unit=""):
        self._row(what, f"{_figure(measured)}{unit}", f"at least {_figure(floor)}{unit}",
                  measured >= floor)

    def equal(self, what, measured, wanted):
        self._row(what, f"{measured:,}", f"{wanted:,}", measured == wanted)

    def shown(self, what, measured):
        self._row(what, measured, "", None)

    def passed(self):
        return all(row["passed"] is not False for row in self.rows)

    def markdown(self):
        verdicts = {True: "pass", False: "**MISS**", None: ""}
        lines = [f"| {r['what']} | {r['measured']} | {r['target']} | {verdicts[r['passed']]} |"
                 for r in self.rows]
        return "\n".join(["| what | measured | target | |", "|---|---:|---:|---|", *lines])

    def _row(self, what, measured, target, passed):
        say(f"{what}: {measured}")
        self.rows.append({"what": what, "measured": measured, "target": target, "passed": passed})


def _figure(number):
    return f"{number:,.0f}" if abs(number) >= 10 else f"{number:.3g}"
