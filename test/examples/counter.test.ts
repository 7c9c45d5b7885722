// examples/counter builds with and without hotreload, and counts.
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { runToEnd, withExample } from "./example.js";

for (const compiler of ["gcc", "clang"]) {
  test(`built by ${compiler} for reloading, the counter counts`, async () => {
    await withExample("counter", [`-DCMAKE_C_COMPILER=${compiler}`], async (example) => {
      const counter = example.start("counter");
      await counter.waitForLine((line) => line === "count 3");
      assert.equal(counter.lines.slice(0, 3), ["count 1", "count 2", "count 3"]);
      assert.is((await counter.stop("SIGTERM")).signal, "SIGTERM");
    });
  });
}

test("without hotreload the example is an ordinary CMake project", () => {
  const dir = mkdtempSync(join(tmpdir(), "hotreload-counter-"));
  cpSync(fileURLToPath(new URL("../../../examples/counter", import.meta.url)), join(dir, "source"), {
    recursive: true,
    filter: (path) => !path.includes("/build"),
  });
  runToEnd("cmake", ["-S", join(dir, "source"), "-B", join(dir, "build"), "-GNinja"]);
  runToEnd("cmake", ["--build", join(dir, "build")]);
  assert.not.match(runToEnd("readelf", ["-d", join(dir, "build/counter")]), "hotreload");
  rmSync(dir, { recursive: true });
});

test.run();
