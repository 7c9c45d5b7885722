// examples/game and examples/echo build with and without hotreload, and do what they say.
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { withExample } from "./example.js";

for (const [name, switched] of [
  ["with", "-DHOTRELOAD=ON"],
  ["without", "-DHOTRELOAD=OFF"],
] as const) {
  test(`game runs ${name} hotreload`, () =>
    withExample("game", [switched], async (example) => {
      const game = example.start("game");
      await game.waitForLine((line) => /^frame 5 position 8\.0 reloads 0$/.test(line));
      assert.equal(await game.stop("SIGTERM"), { code: null, signal: "SIGTERM" });
    }));

  test(`echo answers ${name} hotreload`, () =>
    withExample("echo", [switched], async (example) => {
      const echo = example.start("echo");
      const line = await echo.waitForLine((line) => line.startsWith("listening"));
      const client = connect(Number(line.split(":")[1]), "127.0.0.1");
      const answers = createInterface({ input: client })[Symbol.asyncIterator]();
      client.write("hello\n");
      assert.is((await answers.next()).value, "1 hello");
      client.write("again\n");
      assert.is((await answers.next()).value, "2 again");
      client.destroy();
      await echo.stop("SIGTERM");
    }));
}

test.run();
