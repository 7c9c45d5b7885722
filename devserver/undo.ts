// Undo and redo: sends every connected process one patch back or forth, and says what that means for the next save.

import type { Patcher } from "../plugin/patcher.js";
import type { Agent, Answer } from "./agents.js";
import { errorReport, type Report, type Reporter } from "./report.js";

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
  report: Reporter,
): Promise<Report[]> {
  const turns = await Promise.all(agents.map((agent) => turn(agent, patcher, way, report)));
  const told = turns.filter((report) => report.type !== "error" || report.code !== "E_UNDO");
  if (told.length > 0) return told;
  const message = `no process is connected that has anything to ${way}`;
  return [turns[0] ?? errorReport({ code: "E_UNDO", message })];
}

/** @param report takes what comes of it after the process was silent */
async function turn(
  agent: Agent,
  patcher: Pick<Patcher, "turn" | "turned">,
  way: Way,
  report: Reporter,
): Promise<Report> {
  const { pid } = agent;
  const next = patcher.turn(agent.view(), way);
  if (!next.ok) return errorReport(next.problem);
  const { number, functions } = next.value;
  const settle = async (answer: Answer<number>): Promise<Report> => {
    switch (answer.kind) {
      case "done": {
        await patcher.turned(agent.view(), number);
        const type = way === "undo" ? "undone" : "redone";
        return { type, patch: number, pid, functions, us: answer.value, notes: [NEXT_SAVE[way]] };
      }
      case "refused":
        return { type: "error", code: answer.code, message: `process ${pid} goes on as it was: ${answer.message}` };
      case "silent": {
        void answer.late.then(settle).then(report);
        const why = answer.why === "waiting" ? "takes changes at a point of its own" : "does not answer";
        return { type: "error", code: "E_AGENT", message: `process ${pid} ${why}: it will ${way} then` };
      }
      case "gone":
        return { type: "error", code: "E_AGENT", message: `process ${pid} is not connected any more` };
    }
  };
  return settle(await agent.turn(way, number, { functions }));
}
