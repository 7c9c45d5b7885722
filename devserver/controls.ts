// What the user asks for while it runs: keys in a terminal, lines of JSON with --json.

import type { ReadStream } from "node:tty";
import { processStat } from "../plugin/command.js";
import type { Problem } from "../plugin/errors.js";

export interface Controls {
  restart(): void;
  build(): void;
  undo(): void;
  redo(): void;
  status(): void;
  quit(): void;
  help(): void;
  /** A command that cannot be understood or is not supported. */
  problem(problem: Problem): void;
}

export const KEYS_HELP =
  "h help, z undo the last patch, Z redo it, s status, r restart the program, b full build, q quit";

const CONTROL_C = "\x03";
const CONTROL_D = "\x04";
const CONTROL_Z = "\x1a";
const LONGEST_LINE = 64 * 1024;

/** Reads single keys from the terminal; returns what puts the terminal back. */
export function attachKeys(input: ReadStream, controls: Controls): () => void {
  // In the background, a read or a change of the terminal would stop us.
  if (!inForeground()) return () => {};
  input.setRawMode(true);
  input.setEncoding("utf8");
  const onData = (text: string): void => {
    for (const key of text) press(key, input, controls);
  };
  input.on("data", onData);
  input.resume();
  return () => {
    input.off("data", onData);
    input.setRawMode(false);
    input.pause();
  };
}

/** Reads one command a line; the end of the input ends nothing. Returns what stops the reading. */
export function attachCommands(input: NodeJS.ReadableStream, controls: Controls): () => void {
  let rest = "";
  const onData = (text: string): void => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") obey(line, controls);
    if (rest.length > LONGEST_LINE) {
      rest = "";
      controls.problem({ code: "E_PROTOCOL", message: "A command is longer than 64 KiB." });
    }
  };
  input.setEncoding("utf8");
  input.on("data", onData);
  input.on("error", () => {});
  return () => {
    input.off("data", onData);
    input.pause();
  };
}

function press(key: string, input: ReadStream, controls: Controls): void {
  switch (key) {
    case "r":
      controls.restart();
      break;
    case "b":
      controls.build();
      break;
    case "z":
      controls.undo();
      break;
    case "Z":
      controls.redo();
      break;
    case "s":
      controls.status();
      break;
    case "h":
    case "?":
      controls.help();
      break;
    case "q":
    case CONTROL_C:
    case CONTROL_D:
      controls.quit();
      break;
    case CONTROL_Z:
      // As the shell expects: stopped with the terminal as it was, and keys again afterwards.
      input.setRawMode(false);
      process.once("SIGCONT", () => input.setRawMode(true));
      process.kill(0, "SIGTSTP");
  }
}

function obey(line: string, controls: Controls): void {
  let command: unknown;
  try {
    command = (JSON.parse(line) as { command?: unknown } | null)?.command;
  } catch {
    controls.problem({ code: "E_PROTOCOL", message: "A line on standard input is not JSON." });
    return;
  }
  switch (command) {
    case "restart":
      controls.restart();
      break;
    case "build":
      controls.build();
      break;
    case "quit":
      controls.quit();
      break;
    case "undo":
      controls.undo();
      break;
    case "status":
      controls.status();
      break;
    case "redo":
      controls.redo();
      break;
    default:
      controls.problem({
        code: "E_PROTOCOL",
        message: `There is no command ${JSON.stringify(command) ?? "in the line"}.`,
      });
  }
}

function inForeground(): boolean {
  const stat = processStat(process.pid);
  return stat !== undefined && stat.group === stat.foregroundGroup;
}
