// Scenario D11: plugins that are opened, closed and opened again while they are edited.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import type { Program } from "./program.js";
import { runScenarios, type Scenario } from "./scenario_suite.js";

type Plugin = "plugin" | "other" | "copied";

async function open(program: Program, plugin: Plugin): Promise<void> {
  program.workspace.write(`${plugin}.open`, "");
  await program.shows({ [`${plugin}.state`]: "open" });
}

async function close(program: Program, plugin: Plugin): Promise<void> {
  program.workspace.remove(`${plugin}.open`);
  await program.shows({ [`${plugin}.state`]: "closed" });
}

const notYetLoaded: Scenario = {
  row: "D11",
  level: "plugin",
  name: "a plugin that nobody has loaded is what was saved when it is opened, from its first call on",
  async run(program) {
    await program.shows({ "plugin.state": "closed" });
    program.edit("plugin.cc", "return x + 10;", "return x + 100;");
    await program.unchanged();
    program.edit("plugin.cc", 'name = "one"', 'name = "two"');
    await program.unchanged();
    await open(program, "plugin");
    await program.shows({ plugin: "101", "plugin.begun": "two", "plugin.calls": "from_101" });
    assert.deepEqual(program.log.history("plugin"), ["101"]);
    assert.deepEqual(program.log.history("plugin.begun"), ["two"]);
  },
};

const neverLinked: Scenario = {
  row: "D11",
  level: "plugin",
  name: "a plugin that is no part of the build is not linked",
  async run(program) {
    program.edit("never.c", "lost() + 1", "lost() + 2");
    await program.unchanged();
    assert.equal(fs.existsSync(path.join(program.build, "liblate_never.so")), false);
  },
};

const openedAgain: Scenario = {
  row: "D11",
  level: "plugin",
  name: "a plugin that was patched, closed and opened again is the newest, and has its state",
  async run(program) {
    await program.shows({ "plugin.state": "open" });
    program.edit("plugin.cc", "return x + 100;", "return x + 200;");
    await program.hot(/plugin_value/);
    await program.shows({ plugin: "201" });
    await close(program, "plugin");
    await open(program, "plugin");
    await program.goesOn(3);
    await program.shows({ plugin: "201", "plugin.calls": "from_101" });
    await close(program, "plugin");
    program.edit("plugin.cc", "return x + 200;", "return x + 300;");
    await program.hot(/plugin_value/);
    await open(program, "plugin");
    await program.shows({ plugin: "301" });
    assert.deepEqual(program.log.history("plugin"), ["101", "201", "301"]);
    assert.deepEqual(program.log.history("plugin.calls"), ["from_101"]);
    program.edit("plugin.cc", "return x + 300;", "return x + 400;");
    await program.hot(/plugin_value/);
    await program.shows({ plugin: "401" });
  },
};

const linkEnded: Scenario = {
  row: "D11",
  level: "plugin",
  name: "a save ends the link of a plugin that is under way, and the plugin is there all the same",
  async run(program) {
    const file = path.join(program.build, "liblate_other.so");
    fs.writeFileSync(path.join(program.build, "hold"), "");
    program.edit("other.c", "return x + 20;", "return x + 25;");
    const isHeld = () => (fs.existsSync(path.join(program.build, "held")) ? true : undefined);
    await program.server.until("the linker to have begun", isHeld);
    assert.equal(fs.existsSync(file), false);
    program.workspace.edit("other.c", "return x + 25;", "return lost + 25;");
    await program.unchanged();
    await program.buildFailed();
    assert.ok(fs.existsSync(file), "the linker's file was put back");
    await open(program, "other");
    await program.shows({ other: "21" });
    await close(program, "other");
    program.edit("other.c", "return lost + 25;", "return x + 20;");
    await program.unchanged();
  },
};

const doesNotLink: Scenario = {
  row: "D11",
  level: "plugin",
  name: "a plugin that does not link is a failed build in the linker's words, until it does",
  async run(program) {
    await program.shows({ "other.state": "closed" });
    program.edit(
      "other.c",
      "int other_value(int x) { return x + 20;",
      "int lost(void);\nint other_value(int x) { return x + lost();",
    );
    const failed = await program.buildFailed();
    assert.match(failed.output, /undefined .*\blost\b/);
    await program.goesOn();
    program.edit("other.c", "return x + lost();", "return x + 40;");
    await program.unchanged();
    await open(program, "other");
    await program.shows({ other: "41" });
    // One that was closed without a patch is read from its file again.
    await close(program, "other");
    program.edit("other.c", "return x + 40;", "return x + 50;");
    await program.unchanged();
    await open(program, "other");
    await program.shows({ other: "51" });
    program.edit("other.c", "return x + 50;", "return x + 60;");
    await program.hot(/other_value/);
    await program.shows({ other: "61" });
    assert.deepEqual(program.log.history("other").slice(-3), ["41", "51", "61"]);
  },
};

const copied: Scenario = {
  row: "D11",
  level: "plugin",
  name: "a copy of a plugin is edited as the plugin is, and so is one whose file is gone",
  async run(program) {
    await program.shows({ "copied.state": "closed" });
    program.edit("copied.c", "return x + 30;", "return x + 300;");
    await program.unchanged();
    await open(program, "copied");
    await program.shows({ copied: "301" });
    program.edit("copied.c", "return x + 300;", "return x + 400;");
    await program.hot(/copied_value/);
    await program.shows({ copied: "401" });
    fs.rmSync(path.join(program.build, "shelf/copied.so"));
    program.edit("copied.c", "return x + 400;", "return x + 500;");
    await program.hot(/copied_value/);
    await program.shows({ copied: "501", "copied.calls": "from_301" });
    assert.deepEqual(program.log.history("copied"), ["301", "401", "501"]);
  },
};

runScenarios("builds late", "late", [notYetLoaded, neverLinked, openedAgain, linkEnded, doesNotLink, copied]);
