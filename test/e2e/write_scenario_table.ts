// Writes test/SCENARIOS.md: node dist/test/e2e/write_scenario_table.js, after the tests.

import fs from "node:fs";
import path from "node:path";
import { allConfigurations } from "./configurations.js";
import { allResults } from "./results.js";
import { scenarioRows } from "./scenario_rows.js";
import { scenarioTable } from "./scenario_table.js";
import { repository } from "./workspace.js";

const names = allConfigurations.map(({ name }) => name);
fs.writeFileSync(path.join(repository, "test/SCENARIOS.md"), scenarioTable(scenarioRows, names, allResults()));
