// Undo and redo: sends every connected process one patch back or forth, and says what that means for the next save.

import type { Patcher } from "../plugin/patcher.js";
import type { Agent } from "./agents.js";
import { errorReport, type Report } from "./report.js";

export type Way = "undo" | "redo";

const NEXT_SAVE: Readonly<Record<Way, string>> = {
  undo: "the files are as they were saved: the next save brings the change back, unless it is taken out of them",
  redo: "if the change was taken out of the files meanwhile, the next save undoes it again",
};

/** One report a process; one error if none has anything to undo or redo. */
export async function turnAll(
  agents: readonly Agent[],
  patcher: Pick<Patcher, "turn" | "turned">,
  way: Way,
): Promise<Report[]> {
  const turns = await Promise.all(agents.map((agent) => turn(agent, patcher, way)));
  const told = turns.filter((report) => report.type !== "error" || report.code !== "E_UNDO");
  if (told.length > 0) return told;
  const message = `no process is connected that has anything to ${way}`;
  return [turns[0] ?? errorReport({ code: "E_UNDO", message })];
}

async function turn(agent: Agent, patcher: Pick<Patcher, "turn" | "turned">, way: Way): Promise<Report> {
  const { pid } = agent;
  const next = patcher.turn(agent.view(), way);
  if (!next.ok) return errorReport(next.problem);
  const { number, functions } = next.value;
  const answer = await agent.turn(way, number);
  switch (answer.kind) {
    case "done":
      await patcher.turned(agent.view(), number);
      return {
        type: way === "undo" ? "undone" : "redone",
        patch: number,
        pid,
        functions,
        us: answer.value,
        notes: [NEXT_SAVE[way]],
      };
    case "refused":
      return { type: "error", code: answer.code, message: `process ${pid} goes on as it was: ${answer.message}` };
    case "silent": {
      // It may still do it, and its next answers say what it runs.
      void answer.late.then((late) => (late.kind === "done" ? patcher.turned(agent.view(), number) : undefined));
      return { type: "error", code: "E_AGENT", message: `process ${pid} does not answer: it will ${way} when it does` };
    }
    case "gone":
      return { type: "error", code: "E_AGENT", message: `process ${pid} is not connected any more` };
  }
}
