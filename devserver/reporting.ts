// Where the reports of a command go: lines of JSON, or text for a person, on standard output.
import pc from "picocolors";
import type { Reporter } from "./report.js";
import { jsonReporter } from "./report_json.js";
import { terminalReporter } from "./report_terminal.js";

/** @param projectDir paths are shown relative to it */
export function reporterFor({ json }: { readonly json: boolean }, projectDir: string): Reporter {
  const write = (text: string): void => {
    process.stdout.write(text);
  };
  if (json) return jsonReporter(write);
  const interactive = process.stdout.isTTY === true;
  const colors = pc.createColors(interactive && pc.isColorSupported);
  return terminalReporter({ projectDir, colors, interactive, write });
}
