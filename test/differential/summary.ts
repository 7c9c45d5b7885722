// What became of the edits: shares, refusals by reason, failures.

import type { Edit, Outcome } from "./session.js";

function counts(values: readonly string[]): [string, number][] {
  const found = new Map<string, number>();
  for (const value of values) found.set(value, (found.get(value) ?? 0) + 1);
  return [...found].sort(([, a], [, b]) => b - a);
}

const share = (part: number, whole: number) =>
  `${part} of ${whole} (${((100 * part) / Math.max(1, whole)).toFixed(1)} %)`;

export function summary(edits: readonly Edit[]): string {
  const real = edits.filter(({ outcome }) => outcome !== "invalid");
  const plain = real.filter(({ layout }) => !layout);
  const of = (list: readonly Edit[], ...outcomes: Outcome[]) =>
    list.filter(({ outcome }) => outcomes.includes(outcome));
  const applied = (list: readonly Edit[]) => of(list, "hot", "unchanged", "incomparable", "wrong", "crash").length;
  const refused = of(real, "refused");
  const lines = [
    `edits: ${real.length}, besides ${edits.length - real.length} that the compiler did not take`,
    `applied: ${share(applied(real), real.length)}; of those that change no layout: ${share(applied(plain), plain.length)}`,
    `compared with a fresh process: ${of(real, "hot", "unchanged", "wrong", "crash").length}`,
    `silently wrong: ${of(real, "wrong").length}; crashes: ${of(real, "crash").length}; errors: ${of(real, "error").length}`,
    "refused:",
    ...counts(refused.flatMap(({ codes }) => codes)).map(([code, count]) => `  ${code} ${count}`),
    "refused, by kind of edit:",
    ...counts(refused.map(({ kind, codes }) => `${kind}: ${codes.join(" ")}`)).map(
      ([kind, count]) => `  ${kind} ${count}`,
    ),
    "not comparable:",
    ...counts(of(real, "incomparable").map(({ detail }) => detail.slice(0, 70))).map(
      ([why, count]) => `  ${why} ${count}`,
    ),
    "by project and configuration:",
    ...counts(real.map(({ project, configuration }) => `${project}, ${configuration}`)).map(
      ([name, count]) => `  ${name} ${count}`,
    ),
  ];
  return lines.join("\n");
}
