// Every message of an agent is decoded field by field, and what is not of the protocol is refused with its place.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import { decodeAgentMessage } from "../../devserver/decode.js";
import { packageRoot } from "../../plugin/package_root.js";
import { hello, module, range } from "./scripted_agent.js";

const test = suite("decode");

const library = { path: "/b/.hotreload/patches/1.so", start: 0x10000000, size: 4096, tlsModule: 0, kept: [] };
const messages = {
  hello: hello({
    ranges: [range(module("/b/app").start)],
    applied: [{ patch: 1, libraries: [library], standing: "undone" }],
  }),
  surveyed: { type: "surveyed", id: 1, modules: [module("/b/app"), module("linux-vdso.so.1", 0x200000)] },
  reserved: { type: "reserved", id: 2, range: range(0x400000) },
  applied: { type: "applied", id: 3, patch: 1, libraries: [library], loadUs: 812.5, redirectUs: 3 },
  undone: { type: "undone", id: 4, patch: 1, redirectUs: 3 },
  waiting: { type: "waiting", id: 5 },
  named: { type: "named", name: "worker" },
  state: { type: "state", key: "ball", size: 16, left: 8 },
  refused: { type: "refused", id: 0, code: "E_AGENT_MOVED", message: "it landed elsewhere" },
};

/** Every place in a value: a list of keys, and a setter. */
function* places(value: unknown, path: (string | number)[] = []): Generator<(string | number)[]> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const place = [...path, Array.isArray(value) ? Number(key) : key];
    yield place;
    yield* places(inner, place);
  }
}

function changed(value: object, place: readonly (string | number)[], to: unknown): object {
  const copy = structuredClone(value);
  let inside: Record<string | number, unknown> = copy as Record<string | number, unknown>;
  for (const key of place.slice(0, -1)) inside = inside[key] as Record<string | number, unknown>;
  const last = place.at(-1) as string | number;
  if (to === undefined) delete inside[last];
  else inside[last] = to;
  return copy;
}

for (const [name, message] of Object.entries(messages)) {
  test(`${name} is decoded as it is, and fields that are not known are ignored`, () => {
    const decoded = decodeAgentMessage(JSON.stringify({ ...message, later: 1 }));
    assert.deepEqual(decoded, { ok: true, value: message });
  });

  test(`${name} is refused if any of its fields is missing or of another type`, () => {
    for (const place of places(message)) {
      const isElement = typeof place.at(-1) === "number";
      for (const wrong of isElement ? [null, 7] : [undefined, null, true, {}, -1, 1e300, "\0"]) {
        // Texts for people may be any text.
        if (wrong === "\0" && ["message", "name"].includes(String(place.at(-1)))) continue;
        if (wrong === 1e300 && /Us$/.test(String(place.at(-1)))) continue;
        const text = JSON.stringify(changed(message, place, wrong));
        const decoded = decodeAgentMessage(text);
        assert.ok(!decoded.ok, `${place.join(".")} = ${wrong}: ${text}`);
        assert.equal(decoded.problem.code, "E_PROTOCOL");
        const first = String(place.find((key) => typeof key === "string"));
        if (first !== "type") assert.match(decoded.problem.message, new RegExp(first), text);
      }
    }
  });
}

test("control characters in a process's name do not reach the terminal", () => {
  const decoded = decodeAgentMessage(JSON.stringify({ type: "named", name: "a\n\x1b[31mb" }));
  assert.ok(decoded.ok && decoded.value.type === "named" && decoded.value.name === "a??[31mb");
});

test("what is no JSON, no object, or of an unknown type is refused", () => {
  for (const text of ["", "{", "[]", "null", "7", '"hello"', "{}", '{"type":"apply","id":1}', '{"type":"__proto__"}']) {
    const decoded = decodeAgentMessage(text);
    assert.ok(!decoded.ok && decoded.problem.code === "E_PROTOCOL", text);
  }
});

test("an agent of another version of the protocol is told apart", () => {
  const decoded = decodeAgentMessage(JSON.stringify({ ...messages.hello, protocol: 2 }));
  assert.ok(!decoded.ok);
  assert.match(decoded.problem.message, /hello\.protocol is 2, this server speaks 1/);
});

test("addresses end with the user's half of the address space", () => {
  for (const start of [2 ** 47, 2 ** 53, 0.5]) {
    const text = JSON.stringify({ ...messages.reserved, range: { near: 4096, start, size: 4096 } });
    assert.equal(decodeAgentMessage(text).ok, false, String(start));
  }
});

test("the golden messages of agents are decoded", () => {
  const file = join(packageRoot(), "test/devserver/protocol_messages.json");
  if (!existsSync(file)) return;
  const golden = JSON.parse(readFileSync(file, "utf8")) as { direction: string; text: string }[];
  const ofAgents = golden.filter((message) => message.direction === "agent");
  assert.ok(ofAgents.length > 0);
  for (const { text } of ofAgents) {
    const decoded = decodeAgentMessage(text);
    assert.ok(decoded.ok, `${text}: ${JSON.stringify(decoded)}`);
    assert.deepEqual(decoded.value, JSON.parse(text));
  }
});

test.run();
