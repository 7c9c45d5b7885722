// Median, minimum and maximum of measured values, and the table that shows them.

export interface Summary {
  readonly median: number;
  readonly minimum: number;
  readonly maximum: number;
}

export function summarize(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  const lower = sorted[middle - 1] ?? Number.NaN;
  return {
    median: sorted.length % 2 === 1 ? upper : (lower + upper) / 2,
    minimum: sorted[0] ?? Number.NaN,
    maximum: sorted.at(-1) ?? Number.NaN,
  };
}

/** "412 (398-455)" */
export function showSummary({ median, minimum, maximum }: Summary, digits = 0): string {
  return `${median.toFixed(digits)} (${minimum.toFixed(digits)}-${maximum.toFixed(digits)})`;
}

/** Columns as wide as their widest cell; the first one is left-aligned, the others right-aligned. */
export function showTable(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const pad = (cell: string, i: number) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0));
  return rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}
