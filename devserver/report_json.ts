// Reports as JSON: one object a line, and nothing else. The fields are documented in design.md and stay.

import type { Report, Reporter } from "./report.js";

/** @param write takes one line at a time, with its newline */
export function jsonReporter(write: (line: string) => void): Reporter {
  return (report) => write(`${JSON.stringify(jsonFields(report))}\n`);
}

function jsonFields(report: Report): object {
  if (report.type !== "hot") return report;
  const { ms } = report;
  return {
    ...report,
    ms: {
      total: milliseconds(ms.total),
      build: milliseconds(ms.build),
      diff: milliseconds(ms.diff),
      link: milliseconds(ms.link),
      bind: milliseconds(ms.bind),
      apply: milliseconds(ms.apply),
    },
  };
}

/** Microseconds are the finest that is measured. */
function milliseconds(value: number): number {
  return Math.round(value * 1000) / 1000;
}
