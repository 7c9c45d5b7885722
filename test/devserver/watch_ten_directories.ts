// A process of its own for watch_limits.test.ts: watches ten directories, saves a file in each, prints what came of it.

import { Watch } from "../../devserver/watch.js";
import { Scratch } from "./scratch.js";

const names = Array.from({ length: 10 }, (_, index) => `d${index}/a.c`);
const scratch = new Scratch(Object.fromEntries(names.map((name) => [name, "text\n"])));
const said: string[] = [];
const changed = new Set<string>();
const watch = await Watch.open(
  names.map((name) => scratch.file(name)),
  {
    sourceDir: scratch.path,
    buildDir: scratch.path,
    since: Date.now() + 1000,
    onChange: () => void take(),
    onPolling: (why) => said.push(why),
  },
);
await watch.digested();
for (const name of names) scratch.write(name, "saved\n");

async function take(): Promise<void> {
  for (const path of (await watch.take()).changed) changed.add(path);
  if (changed.size < names.length) return;
  console.log(JSON.stringify({ said, changed: changed.size }));
  await watch.close();
}
